# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The trend of a report: which runs it compares, and where their dots are."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import Rendering, render
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.trend import (
    COMPLETE,
    MOST_DOTS,
    RESULTS,
    numbers,
)
from tests import evidence, hostile_text
from tests.unit.plugins.plugin_utils._report.readers import Page, squeezed
from tests.unit.plugins.plugin_utils._report.reports import (
    MIXED,
    OWNED,
    REPORTS,
    SPELT,
    STALE,
    changed,
    finding,
    report,
)


def line(day: int, changed: int = 4, findings: int = 8, **more: Any) -> dict[str, Any]:
    """A line of a history that MIXED can be compared with."""
    return {
        "history": 1,
        "finished_at": f"2026-11-{day:02}T05:55:00Z",
        **{name: MIXED[name] for name in ("platform", "scope", "title", "mode")},
        "result": "drift",
        "counts": {"changed": changed, "planned": 0, "findings": findings},
        "rules": {
            OWNED: {"matched": 9, "changed": changed, "planned": 0, "findings": 0},
            STALE: {"matched": 9, "changed": 0, "planned": 0, "findings": findings},
        },
        **more,
    }


def trend(given: dict[str, Any], *lines: dict[str, Any]) -> Any:
    rendering = Rendering(given)
    rendering.add_history(lines)
    return rendering.view["trend"]


def test_a_single_run_has_no_trend() -> None:
    assert trend(MIXED) is None
    assert trend(REPORTS["early"], line(20)) is None
    assert "Trend" not in Page(render(MIXED, "html")).text


def test_the_dots_are_at_their_times_and_heights() -> None:
    found = trend(MIXED, line(4), line(14, changed=16, findings=0))
    assert (found["runs"], found["first"], found["last"]) == ("3 runs", "2026-11-04 05:55 UTC", "2026-11-24 05:55 UTC")
    changes, findings = found["queue"]["lines"]
    assert found["queue"]["top"] == 16
    assert changes["points"] == "0,75 300,0 600,87.5"
    assert findings["points"] == "0,50 300,100 600,87.5"
    assert [changes[name] for name in ("label", "first", "last", "low", "high")] == ["would change", 4, 2, 2, 16]
    # of each rule its own kind; one without a history has no chart
    (owned,) = found["rules"][OWNED]["lines"]
    (stale,) = found["rules"][STALE]["lines"]
    assert (owned["kind"], owned["first"], owned["last"], owned["high"]) == ("changed", 4, 1, 16)
    assert (stale["kind"], stale["label"], stale["first"], stale["last"]) == ("found", "findings", 8, 2)
    assert found["rules"][SPELT] is None


@pytest.mark.parametrize(
    "other",
    [
        {"platform": "other.example.com"},
        {"scope": "tenant Acme"},
        {"title": "Another policy"},
        {"mode": "apply"},
        {"result": "error"},
        {"counts": None},
        {"counts": {}},
        {"counts": {"changed": "4", "planned": 0, "findings": 1}},
        {"counts": {"changed": -4, "planned": 0, "findings": 1}},
        {"by_plan": True},
        {"rules": []},
        {"finished_at": "yesterday"},
        {"finished_at": None},
    ],
)
def test_what_can_not_be_compared_is_left_out(other: dict[str, Any]) -> None:
    assert trend(MIXED, line(20, **other)) is None
    assert trend(MIXED, line(19), line(20, **other))["runs"] == "2 runs"


def test_an_apply_of_a_plan_has_no_trend() -> None:
    given = REPORTS["by plan"]
    same = {name: given[name] for name in ("platform", "scope", "title", "mode")}
    assert trend(given, line(19, **same), line(20, **same)) is None


def test_what_a_run_planned_and_did_not_apply_is_a_part_of_its_trend() -> None:
    counts = {"changed": 0, "planned": 7, "findings": 1}
    assert trend(MIXED, line(20, counts=counts))["queue"]["lines"][0]["first"] == 7


def test_only_an_error_and_a_plan_have_no_numbers() -> None:
    assert set(RESULTS) - set(COMPLETE) == {"as_planned", "error"}
    assert trend({**MIXED, "result": "error", "error": "1 case failed."}, line(19), line(20))["runs"] == "2 runs"


def test_a_rule_of_which_a_line_knows_nothing_has_the_others() -> None:
    odd = line(21, rules={OWNED: {"changed": "x", "findings": 0}, STALE: 7})
    found = trend(MIXED, line(20), odd)
    assert found["runs"] == "3 runs"
    assert len(found["rules"][OWNED]["lines"][0]["dots"]) == 2


def test_equal_numbers_and_times_are_drawn() -> None:
    clean = report()
    found = trend(clean, *[line(24, 0, 0, finished_at=clean["finished_at"])] * 2)
    assert found["queue"]["top"] == 0
    assert found["queue"]["lines"][0]["points"] == "600,100 600,100 600,100"


def test_runs_are_in_the_order_of_their_times() -> None:
    found = trend(MIXED, line(20, changed=5), line(10, changed=1))
    assert found["queue"]["lines"][0]["first"] == 1


def test_a_run_of_a_time_to_come_is_left_out() -> None:
    found = trend(MIXED, line(20), line(19, changed=999, finished_at="2036-01-01T00:00:00Z"))
    assert found["runs"] == "2 runs"
    assert (found["queue"]["lines"][0]["last"], found["queue"]["lines"][0]["high"]) == (2, 4)


def test_many_runs_have_a_dot_for_the_last_one_only() -> None:
    lines = [line(1 + number % 23) for number in range(MOST_DOTS + 5)]
    changes, _findings = trend(MIXED, *lines)["queue"]["lines"]
    assert len(changes["dots"]) == 1
    assert len(changes["points"].split()) == MOST_DOTS + 6


@pytest.mark.parametrize("runs", [2, 30, 400])
def test_the_page_shows_it_in_words_and_without_a_script(runs: int) -> None:
    rendering = Rendering(MIXED)
    rendering.add_history([line(1 + number % 22) for number in range(runs - 1)])
    text = rendering.text("html")
    page = squeezed(Page(text).text)
    assert f"{runs} runs of this policy: cases that would change, and findings." in page
    assert "2 would change lowest 2, highest 4" in page
    (label,) = re.findall(r'aria-label="(All rules, [^"]*)"', text)
    assert label.endswith("findings: 8 at first, 2 now, lowest 2, highest 8")
    # The page keeps what it was: the report's JSON has what it shows.
    assert render(rendering.report, "html") == text
    assert len(text) < 140_000


def test_an_apply_is_compared_with_applies() -> None:
    applied = REPORTS["applied"]
    assert trend(applied, line(20)) is None
    found = trend(applied, line(20, mode="apply"))
    assert found["queue"]["lines"][0]["label"] == "changed"


def test_an_apply_that_met_its_limit_changed_nothing_and_has_no_trend() -> None:
    given = {**REPORTS["limit"], "mode": "apply"}
    assert trend(given, line(20, mode="apply")) is None
    limited = line(20, mode="apply", result="limit", counts={"changed": 0, "planned": 60, "findings": 1})
    found = trend(REPORTS["applied"], line(19, mode="apply"), limited)
    assert found["runs"] == "2 runs"
    assert found["queue"]["lines"][0]["high"] < 60


def test_what_was_planned_and_not_applied_is_in_the_trend() -> None:
    found = trend(REPORTS["limit"], line(20))
    assert found["queue"]["lines"][0]["last"] == 2
    assert found["rules"][OWNED]["lines"][0]["last"] == 2


def test_hostile_names_of_rules_are_texts_of_the_trend() -> None:
    plain = None
    for title, text in [("plain", "x"), *hostile_text.texts("/tmp/nowhere").items()]:
        name = f"{text[:3000]} m"
        given = report([changed(1, rules=[name])], rules=[{"name": name, "matched": 1, "changed": 1}])
        first = Rendering(given)
        rules = {row: {"changed": 3, "findings": 0} for row in numbers(first.view)["rules"]}
        first.add_history([line(20, rules=rules)])
        page = Page(first.text("html"))
        plain = plain or page.elements
        assert page.elements == plain, title
        evidence.record("hostile text", text=title, place="name of a rule", through="trend of the HTML report")


def test_a_finding_is_counted_once_by_severity_and_tenant() -> None:
    view = Rendering(report([changed(1)], [finding(1), finding(2), finding(2, OWNED)])).view
    assert view["tallies"]["tenant"] == {
        "Tenant 1": {"changed": 1, "findings": 0},
        "Tenant 2": {"changed": 0, "findings": 1},
    }
