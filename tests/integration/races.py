# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two runs at once on the same cases, and what must be true of it: the outcome is one that some order gives, or a
result says what came between. Each run has an account of its own, so that a case's history tells who wrote what."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE, CASE_INFO
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.cases import CASES
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import ConflictError, StellarError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case, run_case_info
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.cases import run_cases
from tests import evidence
from tests.integration.many import case, managed, store
from tests.integration.playbook import parameters
from tests.simulator.process import Simulator

NUMBER = 12
SEED = [case(number, assignee="" if number % 2 else "0b54e8a2c1f94d7a9e63d27f58b1c0a4") for number in range(NUMBER)]
FIRST, SECOND = "first", "second"
# By recheck_after: what holds of all cases of a race
OUTCOMES = {
    0: "as some order gives, or a result says what came between; nothing is replaced in silence",
    5: "as some order gives, or a result says what came between",
}
FIELDS = ("status", "severity", "assignee", "name")


@dataclass
class Said:
    """What a run says of a case."""

    changed: bool = False
    reason: str = ""
    before: dict[str, Any] = field(default_factory=dict)
    concurrent_changes: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Play:
    """One of the two. rules, or a loop over stellar_case: which cases, and what of them; or neither: an undo."""

    rules: tuple[dict[str, Any], ...] = ()
    loop: tuple[dict[str, Any], dict[str, Any]] | None = None


def rule(name: str, match: dict[str, Any], wanted: dict[str, Any], comment: str | None = None) -> Play:
    return Play(({"name": name, "match": match, "set": wanted, **({"comment": comment} if comment else {})},))


NEW = {"status": ["New"]}
UNDO = Play()
# What an undo undoes
EARLIER = [{"name": "Earlier", "match": {}, "set": {"status": "In Progress", "tags": {"add": ["seen"]}}}]
PAIRS: dict[str, tuple[Play, Play]] = {
    "each has a field of its own": (
        rule("A", {"tags": {"none": ["a"]}}, {"status": "In Progress", "tags": {"add": ["a"]}}),
        rule("B", {"tags": {"none": ["b"]}}, {"severity": "High", "tags": {"add": ["b"]}}),
    ),
    "both set the same field": (
        rule("A", NEW, {"status": "In Progress"}, "By A"),
        rule("B", NEW, {"status": "Escalated"}, "By B"),
    ),
    "each decides by what the other changes": (
        rule("A", NEW, {"severity": "High"}, "By A"),
        rule("B", {"severity": ["Medium"]}, {"status": "In Progress"}, "By B"),
    ),
    "both change tags and somebody": (
        rule("A", {"tags": {"any": ["old"]}}, {"assignee": "ohtani", "tags": {"delete": ["old"], "add": ["a"]}}),
        rule("B", {"assignee": [""]}, {"assignee": "soc-lead@example.com", "tags": {"add": ["b"]}}),
    ),
    "a loop of stellar_case, and rules": (
        Play(loop=(NEW, {"severity": "Critical", "status": "Escalated", "comment": "By A"})),
        rule("B", NEW, {"status": "In Progress", "tags": {"add": ["b"]}}, "By B"),
    ),
    "two loops of stellar_case": (
        Play(loop=(NEW, {"status": "Escalated", "tags": {"add": ["a"]}})),
        Play(loop=(NEW, {"status": "In Progress", "severity": "High"})),
    ),
    "an undo, and rules": (UNDO, rule("B", {"status": ["In Progress"]}, {"status": "Escalated"}, "By B")),
    "the same undo twice": (UNDO, UNDO),
}


def prepare(simulator: Simulator, pair: str) -> list[dict[str, Any]]:
    """The cases as both runs find them, and the list that an undo has to undo."""
    simulator.reset(seed=SEED)
    if UNDO not in PAIRS[pair]:
        return []
    arguments = parameters(CASES, simulator, rules=EARLIER)
    return list(run_cases(arguments, False, lambda secret: None)["undo"])


def account(simulator: Simulator, who: str) -> dict[str, Any]:
    """The first run has the legacy key, the second one the scoped key."""
    return {} if who == FIRST else {"username": None, "api_key": simulator.scoped_key}


def in_process(simulator: Simulator, play: Play, who: str, undo: list[Any], recheck_after: float) -> dict[str, Said]:
    """Run one of the two in this process."""
    connection = account(simulator, who)
    if play.loop is not None:
        return _loop(simulator, play.loop, connection)
    wanted: dict[str, Any] = {"rules": list(play.rules)} if play.rules else {"cases": undo}
    arguments = parameters(CASES, simulator, recheck_after=recheck_after, concurrency=4, **wanted, **connection)
    try:
        result = run_cases(arguments, False, lambda secret: None)
    except StellarError as error:
        raise AssertionError(error) from error
    return said_by_cases(result)


def _loop(
    simulator: Simulator, loop: tuple[dict[str, Any], dict[str, Any]], connection: dict[str, Any]
) -> dict[str, Said]:
    match, wanted = loop
    found = run_case_info(parameters(CASE_INFO, simulator, **match, **connection), False, lambda secret: None)
    said = {}
    for seen in found["cases"]:
        guard = {"if_unmodified_since": str(seen["modified_at"])}
        options = {"case_id": seen["_id"], **wanted, **guard, **connection}
        try:
            result = run_case(parameters(CASE, simulator, **options), False, lambda secret: None)
        except ConflictError as error:
            result = error.to_result()
        said[seen["_id"]] = said_by_case(result)
    return said


def said_by_cases(result: dict[str, Any]) -> dict[str, Said]:
    """What the result of stellar_cases says of each case."""
    assert {item["outcome"] for item in result["case_results"]} <= {"changed", "ok", "skipped"}
    return {
        item["case_id"]: Said(
            item["outcome"] == "changed",
            item.get("reason", ""),
            {change["field"]: change["before"] for change in item["changes"]},
            item.get("concurrent_changes", []),
        )
        for item in result["case_results"]
    }


def said_by_case(result: dict[str, Any]) -> Said:
    """What the result of stellar_case says."""
    changes = {change["field"]: change["before"] for change in result.get("changes", [])}
    return Said(bool(result.get("changed")), result.get("msg", ""), changes, result.get("concurrent_changes") or [])


Run = Callable[[Play, str, list[Any]], dict[str, Said]]


def race(simulator: Simulator, pair: str, run: Run, latency_ms: float = 0) -> dict[str, dict[str, Said]]:
    """Both at once, with calls that take so long."""
    undo = prepare(simulator, pair)
    simulator.clear_requests()
    simulator.latency(latency_ms)
    said: dict[str, dict[str, Said]] = {}
    failures: list[BaseException] = []

    def one(who: str, play: Play) -> None:
        try:
            said[who] = run(play, who, undo)
        except BaseException as error:
            failures.append(error)

    threads = [
        threading.Thread(target=one, args=(who, play)) for who, play in zip((FIRST, SECOND), PAIRS[pair], strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return said


@dataclass
class Orders:
    """What the store holds after the two have run in some order, or one of them alone: by order, then by case."""

    stores: dict[tuple[str, ...], dict[str, Any]]

    def holds(self, case_id: str, *orders: tuple[str, ...]) -> list[Any]:
        return [self.stores[order][case_id] for order in orders]


def orders_of(simulator: Simulator, pair: str, recheck_after: float = 0) -> Orders:
    stores: dict[tuple[str, ...], dict[str, Any]] = {}
    plays = dict(zip((FIRST, SECOND), PAIRS[pair], strict=True))
    for order in ((), (FIRST,), (SECOND,), (FIRST, SECOND), (SECOND, FIRST)):
        undo = prepare(simulator, pair)
        for who in order:
            in_process(simulator, plays[who], who, undo, recheck_after)
        stores[order] = {case_id: managed(record) for case_id, record in store(simulator).items()}
    return Orders(stores)


def check(
    simulator: Simulator, pair: str, said: dict[str, dict[str, Said]], orders: Orders, strict: bool
) -> Counter[str]:
    """Count the cases that are as some order leaves them, that one run skipped, or that a result reports as changed.

    Nothing may have been replaced unreported.

    strict: whether both runs look into the history.
    """
    users = {FIRST: simulator.username, SECOND: "scoped@example.com"}
    counted: Counter[str] = Counter()
    for case_id, record in store(simulator).items():
        mine = {who: said[who].get(case_id, Said()) for who in users}
        written = {who for who in users if any(entry["user"] == users[who] for entry in since_race(record, pair))}
        changed = {who for who in users if mine[who].changed}
        # The history has no entry of an update that changes nothing, as of the second of two that want the same.
        assert written <= changed, mine
        assert bool(written) is bool(changed), mine
        assert_comments(pair, record, mine)
        outcome = managed(record)
        skipped = [who for who in users if mine[who].reason]
        assert all("changed it at" in mine[who].reason for who in skipped)
        if strict:
            assert_replaced_knowingly(record, pair, users, mine)
        if outcome in orders.holds(case_id, (FIRST, SECOND), (SECOND, FIRST)):
            counted["ordered"] += 1
        elif skipped:
            # As if the one that was skipped had not been there; its next run looks again.
            others = tuple(who for who in (FIRST, SECOND) if who not in skipped)
            assert outcome in orders.holds(case_id, others), (mine, outcome)
            counted["skipped"] += 1
        else:
            assert any(one.concurrent_changes for one in mine.values()), (mine, outcome)
            counted["reported"] += 1
    return counted


def repeat(
    simulator: Simulator, what: str, pair: str, run: Run, recheck_after: float, latencies_ms: Sequence[float]
) -> None:
    """Race once for each latency, check what came of it, and write it down as what: pair."""
    orders = orders_of(simulator, pair)
    total: Counter[str] = Counter()
    requests, seconds = 0, 0.0
    for latency_ms in latencies_ms:
        started = time.monotonic()
        said = race(simulator, pair, run, latency_ms)
        seconds += time.monotonic() - started
        requests += len(simulator.requests())
        total.update(check(simulator, pair, said, orders, strict=recheck_after == 0))
    assert total.total() == len(latencies_ms) * NUMBER
    evidence.record(
        "storm",
        case=f"{what}: {pair}",
        plays=2,
        workers=4,
        requests=requests,
        refused=0,
        seconds=round(seconds, 1),
        outcome=OUTCOMES[recheck_after],
        recheck_after=recheck_after,
        **total,
    )


def since_race(record: dict[str, Any], pair: str) -> list[dict[str, Any]]:
    """The history, the oldest first, without what prepare() did."""
    entries = sorted(record["activities"], key=lambda entry: entry["timestamp"])
    if UNDO not in PAIRS[pair]:
        return entries
    return [entry for entry in entries if entry["timestamp"] > entries[1]["timestamp"]]


def assert_comments(pair: str, record: dict[str, Any], mine: dict[str, Said]) -> None:
    """Each comment is there once if its run says that it changed the case, and else not at all."""
    texts = [comment["comment"] for comment in record["comments"]]
    for who, play in zip((FIRST, SECOND), PAIRS[pair], strict=True):
        wanted = play.loop[1].get("comment") if play.loop else next((r.get("comment") for r in play.rules), None)
        if wanted:
            assert texts.count(wanted) == int(mine[who].changed), (texts, mine)


def assert_replaced_knowingly(record: dict[str, Any], pair: str, users: dict[str, str], mine: dict[str, Said]) -> None:
    """Whoever replaced a value of the other one's read it before, or says so in its result."""
    by_user = {user: who for who, user in users.items()}
    for name in FIELDS:
        entries = [entry for entry in since_race(record, pair) if entry["field"] == name]
        for one, other in itertools.pairwise(entries):
            if one["user"] != other["user"]:
                later = mine[by_user[other["user"]]]
                found = {
                    edit["value"] for edit in later.concurrent_changes if edit["field"] == name and not edit["kept"]
                }
                shown = {"Unassigned": ""}.get(one["to"], one["to"])
                assert later.before.get(name) == shown or shown in found, (one, other, later)
