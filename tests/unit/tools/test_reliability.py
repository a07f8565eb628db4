# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of figures shows what the tests wrote down, and a run with other outcomes is not what it says."""

from __future__ import annotations

import copy
import re

import pytest

from tests import evidence
from tests.tools import reliability

FACTS = {
    "suite": [{"suite": "unit", "seconds": 30, "passed": 1500, "failed": 0, "skipped": 0}],
    "canaries": [{"where": "output", "secrets": 4, "spellings": 20, "texts": 2, "characters": 12345, "found": 7}],
    "fault": [
        {"fault": fault, "call": call, "entry": entry, "outcome": outcome, "tries": 2, "lasts": lasts}
        for fault, call, entry, outcome, lasts in (
            ("reset", "PUT case", "stellar_case", "mended", "two tries"),
            ("reset", "PUT case", "stellar_cases", "looked", "two tries"),
            ("503", "GET case", "stellar_case", "mended", "two tries"),
            ("503", "GET case", "lookup", "named", "all tries"),
        )
    ],
    "edit": [
        {"when": "before GET", "way": "single", "guard": True, "outcome": "kept", "field": "tags", "answer": "full"}
    ],
    "hostile text": [{"text": "Jinja", "place": "tag", "through": "stellar_case", "core": "2.19.14"}],
    "hostile server": [{"case": "endless total", "outcome": "clear error", "seconds": 0.1, "peak_mib": None}],
    "network": [{"case": "unknown CA", "outcome": "refused"}],
    "storm": [{"case": "429", "plays": 50, "workers": 8, "requests": 1, "refused": 1, "seconds": 1.5, "outcome": "ok"}],
    "fuzz": [{"subject": "planner", "property": "converges", "examples": 100}],
    "mutants": [{"module": "_model/plan", "mutants": 10, "killed": 9, "survived": 1, "explained": 1, "score": "90 %"}],
}


def page(facts):
    return "\n".join(reliability.render(facts).values())


def test_every_part_shows_its_facts():
    parts = reliability.render(FACTS)
    assert list(parts) == list(reliability.PARTS)
    assert "| fault | GET case | PUT case |" in parts["faults"]
    assert "| 503 | mended |  |" in parts["faults"]
    assert "meets all tries\n\n| fault | GET case |\n| --- | --- |\n| 503 | named |\n" in parts["faults"]
    assert "| reset |  | looked; mended |" in parts["faults"]
    assert re.search("2 faults . 2 calls, 4 combinations", parts["figures"])
    assert "in 2 texts: found 7 times" in parts["figures"]
    assert "| output | 2 | 12,345 | 7 |" in parts["secrets"]
    assert "| before GET | single | yes | kept |" in parts["edits"]
    assert "2.19.14" in parts["texts"]


def test_a_part_without_facts_is_left_out():
    facts = {**FACTS, "storm": []}
    assert set(reliability.PARTS) - set(reliability.render(facts)) == {"figures", "storms"}


def test_a_run_is_compared_but_for_its_figures():
    written = page(FACTS)
    other = copy.deepcopy(FACTS)
    other["suite"][0]["seconds"] = 99
    other["fuzz"][0]["examples"] = 99
    other["hostile text"][0]["core"] = "2.20.1"
    assert not list(reliability.check(reliability.render(other), written))


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("fault", "outcome", "unclear"),
        ("fault", "call", "POST comment"),
        ("edit", "outcome", "lost"),
        ("network", "case", "known CA"),
        ("hostile text", "through", "a new report"),
    ],
)
def test_a_run_with_another_outcome_is_not_what_the_page_says(kind, name, value):
    other = copy.deepcopy(FACTS)
    other[kind][0][name] = value
    differences = "\n".join(reliability.check(reliability.render(other), page(FACTS)))
    assert value in differences


def test_facts_are_read_as_written(tmp_path, monkeypatch):
    monkeypatch.setenv(evidence.WHOLE, "yes")
    monkeypatch.setattr(evidence, "FOLDER", tmp_path)
    evidence.record("network", case="ümlaut\n", outcome="refused")
    evidence.record("mutants", suite="mutants", module="_plan")
    read = list(evidence.read())
    assert [fact["suite"] for fact in read] == ["mutants", "unit"]
    assert read[1]["case"] == "ümlaut\n"
    assert read[1]["test"].endswith("test_facts_are_read_as_written")


def test_a_part_of_a_suite_writes_nothing_down(tmp_path, monkeypatch):
    monkeypatch.delenv(evidence.WHOLE, raising=False)
    monkeypatch.setattr(evidence, "FOLDER", tmp_path)
    evidence.record("network", case="one test", outcome="refused")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("kind", "name", "value", "words"),
    [
        ("suite", "failed", 1, "failures in unit"),
        ("mutants", "survived", 2, "failures in _plan"),
        ("suite", "suite", "long", "cores, integration, unit were not run"),
    ],
)
def test_nothing_is_said_of_a_run_that_failed_or_was_not_whole(kind, name, value, words):
    facts = copy.deepcopy(FACTS)
    facts[kind][0][name] = value
    assert words in reliability.complaint(facts)


def test_a_whole_run_without_failures_can_be_told():
    suites = [{**FACTS["suite"][0], "suite": suite} for suite in ("unit", "integration", "cores", "long")]
    assert reliability.complaint({**FACTS, "suite": suites}) == ""
