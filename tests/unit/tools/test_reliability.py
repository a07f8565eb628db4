# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables and figures are what the tests recorded, and only a complete run without failures updates the page."""

from __future__ import annotations

import copy
from collections import defaultdict

import pytest

from tests import evidence
from tests.faults import COMMENT, FAULTS, READ
from tests.tools import reliability

FIRST, SECOND = list(FAULTS)[:2]
FACTS = {
    "suite": [{"suite": name, "seconds": 30, "passed": 1500, "failed": 0} for name in sorted(reliability.SUITES)],
    "canaries": [{"where": "output", "texts": 2, "found": 7}],
    "fault": [
        {"fault": fault, "call": call, "entry": entry, "outcome": outcome, "lasts": lasts}
        for fault, call, entry, outcome, lasts in (
            (FIRST, COMMENT, "stellar_case", "recovered", "one attempt"),
            (FIRST, COMMENT, "stellar_cases", "verified", "one attempt"),
            (SECOND, READ, "stellar_case", "recovered", "one attempt"),
            (SECOND, READ, "lookup", "reported", "all attempts"),
        )
    ],
    "edit": [{"when": "before GET", "way": "single", "guard": True, "outcome": "kept"}],
    "events": [{"way": "state file", "changes": 300, "kills": 5, "delivered": 290, "repeated": 4, "lost": 0}],
    "hostile text": [{"text": "a|b", "place": "tag", "through": "stellar_case"}],
    "hostile server": [{"case": "endless total", "outcome": "refused"}],
    "network": [{"case": "unknown CA", "outcome": "refused"}],
    "platform": [
        {"behaviour": "total is 0", "entry": "rules", "pair": "alone", "runs": 3, "outcome": "changed, ok"},
        {"behaviour": "total is 0", "entry": "undo", "pair": "stale reads", "runs": 3, "outcome": "changed"},
    ],
    "storm": [{"case": "429", "plays": 50, "workers": 8, "outcome": "all finish"}],
    "fuzz": [{"subject": "planner", "property": "converges", "examples": 100}],
    "mutants": [{"module": "_model/plan", "mutants": 10, "killed": 9, "survived": 1, "explained": 1, "score": "90 %"}],
}


@pytest.fixture
def facts():
    return defaultdict(list, copy.deepcopy(FACTS))


def test_each_table_has_its_facts(facts):
    tables = reliability.tables(facts)
    assert set(reliability.TABLES) < set(tables)
    assert tables["faults for one attempt"].splitlines() == [
        f"| fault | {READ} | {COMMENT} |",
        "| --- | --- | --- |",
        f"| {FIRST} |  | recovered; verified |",
        f"| {SECOND} | recovered |  |",
    ]
    assert f"| {SECOND} | reported |" in tables["faults for all attempts"]
    assert "| total is 0 | rules | alone | changed, ok |" in tables["platforms"]
    assert "| stellar\\_case | tag | a\\|b |" in tables["hostile text"]


def test_the_figures_count_the_facts(facts):
    figures = reliability.figures(facts)
    assert "| 2 faults at 2 API requests: 4 combinations with " in figures
    assert "| 1 behaviours with 2 entries, alone and in pairs: 6 runs |" in figures
    assert "| 2 texts, 7 found |" in figures
    assert "| 300, 0 final states lost, 4 delivered twice |" in figures
    assert "| 10, 9 killed, the others explained |" in figures
    assert "| unit | 1,500 | 30 |" in figures


@pytest.mark.parametrize(
    ("kind", "name", "value", "words"),
    [
        ("suite", "failed", 1, "cores has failures"),
        ("suite", "suite", "long", "cores was not run"),
        ("mutants", "survived", 2, "_model/plan has survivors"),
        ("storm", None, None, "nothing was recorded for parallel runs"),
        (None, None, None, None),
    ],
)
def test_only_a_complete_run_without_failures_updates_the_page(kind, name, value, words, facts, tmp_path, monkeypatch):
    if name:
        facts[kind][0][name] = value
    elif kind:
        facts[kind] = []
    for path in ("FOLDER", "PAGE", "ROOT"):
        monkeypatch.setattr(reliability, path, tmp_path / getattr(reliability, path).relative_to(reliability.ROOT))
    monkeypatch.setattr(reliability, "facts_by_kind", lambda: facts)
    reliability.PAGE.parent.mkdir()
    page = "Prose\n<!-- figures -->\n{}<!-- end -->\nmore prose\n"
    reliability.PAGE.write_text(page.format("old\n"), encoding="utf-8")
    assert reliability.gaps(facts) == ([words] if words else [])
    reliability.main()
    assert (reliability.FOLDER / "network.md").exists()
    expected = page.format("old\n" if words else reliability.figures(facts))
    assert reliability.PAGE.read_text(encoding="utf-8") == expected


def test_the_page_has_a_place_for_the_figures():
    assert len(reliability.FIGURES.findall(reliability.PAGE.read_text(encoding="utf-8"))) == 1


def test_facts_are_read_as_written(tmp_path, monkeypatch):
    monkeypatch.setenv(evidence.WHOLE, "yes")
    monkeypatch.setattr(evidence, "FOLDER", tmp_path)
    evidence.record("network", case="ümlaut\n", outcome="refused")
    evidence.record("mutants", suite="mutants", module="_plan")
    read = list(evidence.read())
    assert [fact["suite"] for fact in read] == ["mutants", "unit"]
    assert read[1]["case"] == "ümlaut\n"
    assert read[1]["test"].endswith("test_facts_are_read_as_written")


def test_a_part_of_a_suite_records_nothing(tmp_path, monkeypatch):
    monkeypatch.delenv(evidence.WHOLE, raising=False)
    monkeypatch.setattr(evidence, "FOLDER", tmp_path)
    evidence.record("network", case="one test", outcome="refused")
    assert not list(tmp_path.iterdir())
