# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One oracle for all platforms: whether a result is true, whole and quiet where it must be."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from tests.integration.many import MANAGED, Case, assignee_name
from tests.platforms.entries import Ran
from tests.platforms.table import Cell

# Bounds of one run
MAX_REQUESTS_A_CASE, MAX_REQUESTS, MAX_SECONDS, MAX_WAITED_S, MAX_GROWTH_MIB = 16, 60, 45.0, 150.0, 96.0


def facts(record: Case) -> dict[str, Any]:
    """What a run may change of a case, in comparable form."""
    comments = len(record.get("comments") or [])
    return {**{name: record[name] for name in MANAGED}, "tags": sorted(record["tags"]), "comments": comments}


def assert_bounded(ran: Ran, count: int) -> None:
    """Neither requests, time, waits nor memory are without end."""
    assert len(ran.requests) <= MAX_REQUESTS + MAX_REQUESTS_A_CASE * count, Counter(
        (entry["method"], entry["path"], entry["status"]) for entry in ran.requests
    )
    assert ran.seconds <= MAX_SECONDS
    assert ran.waited <= MAX_WAITED_S
    assert ran.grown_mib <= MAX_GROWTH_MIB


def assert_wrote_nothing(ran: Ran, before: dict[str, Case], after: dict[str, Case]) -> None:
    assert ran.writes == []
    assert after == before


class Verdict:
    """What a real run of an entry did to the store, against what it says."""

    def __init__(
        self, cell: Cell, ran: Ran, before: dict[str, Case], after: dict[str, Case], wanted: dict[str, dict[str, Any]]
    ) -> None:
        self.cell, self.ran, self.before, self.after, self.wanted = cell, ran, before, after, wanted
        self.named = {item["case_id"]: item for item in ran.items if item.get("case_id")}
        self.undo = {item["case_id"] for item in ran.result.get("undo", [])}
        platform = cell.platform
        self.refused = cell.expected(platform.refused)
        self.partly = cell.expected(platform.partly)
        # What others did meanwhile
        self.others = {edit["case_id"]: edit["changes"] for edit in platform.edits}

    @property
    def outcome(self) -> str:
        """The outcomes of the cases, or that the run was refused as a whole."""
        return "refused" if self.refused else ", ".join(sorted({item["outcome"] for item in self.ran.items}))

    def assert_true(self) -> None:
        """The store is what the result says, and the result is what the platform allows."""
        if self.refused:
            assert self.ran.failed
            assert re.search(self.refused, self.ran.message), self.ran.message
            assert_wrote_nothing(self.ran, self.before, self.after)
            return
        for case_id, record in self.before.items():
            self._assert_case(case_id, record, self.named.get(case_id))
        self._assert_reasons()
        self._assert_nothing_lost()
        self._assert_counts()

    def _assert_case(self, case_id: str, record: Case, item: dict[str, Any] | None) -> None:
        if case_id not in self.after:
            # Others deleted it: no result may say that it was changed afterwards.
            assert item is None or item["outcome"] in ("failed", "skipped"), item
            return
        old, new = facts(record), facts(self.after[case_id])
        theirs = self.others.get(case_id, {})
        differing = {name for name in old if old[name] != new[name] and new[name] != theirs.get(name)}
        if item is None or item["outcome"] in ("ok", "skipped"):
            assert not differing, (item, differing)
            assert case_id not in self.undo
        elif item["outcome"] == "changed":
            # All that the platform was to be set to, and nothing else
            assert new == {**old, **theirs, **self.wanted.get(case_id, {})} or self.cell.entry == "undo", item
            assert differing, item
            self._assert_changes(item, record, self.after[case_id])
        else:
            assert item["reason"], item
            assert item["error"]["type"], item
            if differing and "undo" in self.ran.result:
                assert case_id in self.undo or item.get("irreversible"), item

    def _assert_reasons(self) -> None:
        """What was not done has a reason, and it is the one that the table knows."""
        reasons = [item["reason"] for item in self.ran.items if item["outcome"] in ("skipped", "failed")]
        if not self.partly:
            assert not reasons
        for reason in reasons:
            assert re.search(self.partly or "", reason), reason
        assert reasons or not self.partly, "the table expects a failure, and there is none"

    def _assert_changes(self, item: dict[str, Any], old: Case, new: Case) -> None:
        """The changes are those of the store, and an undo or a word about it is there for each."""
        shown = {**new, "assignee": assignee_name(new), "tags": sorted(new["tags"])}
        before, after = facts(old), facts(new)
        theirs = self.others.get(item["case_id"], {})
        fields = {name.replace("comments", "comment") for name in before if before[name] != after[name]}
        assert {change["field"] for change in item["changes"]} | set(theirs) == fields | set(theirs), item
        for change in item["changes"]:
            if change["field"] not in ("comment", "assignee"):
                assert shown[change["field"]] == change["after"], item
        if "undo" in self.ran.result:
            assert item["case_id"] in self.undo or item.get("irreversible"), item

    def _assert_nothing_lost(self) -> None:
        """Each case that the run had to change was, or is named, or is one of those that could not be named."""
        unnamed = sum(1 for item in self.ran.items if not item.get("case_id"))
        lost = set(self.wanted) - set(self.named)
        assert len(lost) <= unnamed, lost
        undone = {case_id for case_id in self.wanted if self.named.get(case_id, {}).get("outcome") == "ok"}
        assert not undone, undone

    def _assert_counts(self) -> None:
        result = self.ran.result
        outcomes = Counter(item["outcome"] for item in self.ran.items)
        assert dict(outcomes) == {
            name: count for name, count in result["counts"].items() if count and name not in ("read", "findings")
        }
        assert bool(outcomes["failed"]) is self.ran.failed, self.ran.message
        touched = any(
            facts(self.before[case_id]) != {**facts(record), **self._old(case_id)}
            for case_id, record in self.after.items()
        )
        assert result["changed"] is touched

    def _old(self, case_id: str) -> dict[str, Any]:
        """The fields that others changed, as they were."""
        return {name: self.before[case_id][name] for name in self.others.get(case_id, {})}

    def assert_as_checked(self, checked: Ran) -> None:
        """Check mode said the same: changes, differences and outcomes."""
        if self.cell.expected(self.cell.platform.differs):
            assert plan(checked) != plan(self.ran), "the table expects a difference, and there is none"
            return
        for name in ("diff", "findings"):
            assert checked.result.get(name) == self.ran.result.get(name), name
        assert plan(checked) == plan(self.ran)
        assert checked.failed == self.ran.failed


def plan(ran: Ran) -> list[tuple[Any, ...]]:
    return sorted((item.get("case_id") or "", item["outcome"], repr(item["changes"])) for item in ran.items)


def assert_quiet(cell: Cell, ran: Ran, before: dict[str, Case], after: dict[str, Case]) -> None:
    """The second run changes nothing, or each case of it says why."""
    for item in ran.items:
        assert item["outcome"] == "ok" or item.get("reason") or cell.expected(cell.platform.again), item
    if cell.expected(cell.platform.again):
        assert ran.writes or ran.failed, "the table expects more of the second run, and it is quiet"
        return
    assert ran.writes == [], ran.items
    assert after == before
    if cell.expected(cell.platform.refused):
        return
    assert ran.result["changed"] is False
    assert ran.result.get("diff", []) == []
    assert not ran.failed, ran.message
