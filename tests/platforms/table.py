# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The platforms of the matrix: how each differs from a healthy one, and what follows where the oracle can't know it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests import evidence
from tests.integration.many import case
from tests.platforms.entries import CASE, INFO, LIST, LOOK_UP, PLAN, ROLE, RULES, UNDO, Runner, seed
from tests.simulator.process import Simulator
from tests.simulator.switches import BY_NAME

ALONE, STALE, LOST, CONCURRENT = "alone", "stale reads", "lost answers", "concurrency 8"

ODD = case(5)["_id"]
GONE = case(3)["_id"]
EDITED = case(3)["_id"]
ALL_PLACES = ["list", "get", "put"]


@dataclass(frozen=True)
class Platform:
    """How a platform differs.

    switches, faults: of the simulator. edits: what others do, once for each run, as arguments of Simulator.edit().
    options: of the connection. count: of cases. real_time: whether waits take their time, as the simulator's do.
    settles_s: seconds until all reads show a write.
    refused: entries that end before the first write, with a pattern of the message. partly: entries of which some cases
    fail or are skipped, with a pattern of each reason. queries: those of entries.QUERIES, and "by ticket", that end in
    an error, with a pattern. again: entries whose second run writes or fails again, and why. differs: entries whose
    check can't know what the real run meets, and why. "entry, pair" stands for an entry in that pair alone.
    The tests fail where a row says more than the platform does.
    """

    switches: dict[str, Any] = field(default_factory=dict)
    faults: Sequence[dict[str, Any]] = ()
    edits: Sequence[dict[str, Any]] = ()
    options: dict[str, Any] = field(default_factory=dict)
    count: int = 14
    real_time: bool = False
    refused: dict[str, str] = field(default_factory=dict)
    partly: dict[str, str] = field(default_factory=dict)
    queries: dict[str, str] = field(default_factory=dict)
    again: dict[str, str] = field(default_factory=dict)
    differs: dict[str, str] = field(default_factory=dict)
    settles_s: float = 0.0


def _of(entries: Iterable[str], text: str) -> dict[str, str]:
    return dict.fromkeys(entries, text)


def _release(profile: str) -> dict[str, Any]:
    """The switches of another release."""
    return {name: switch.profiles[profile] for name, switch in BY_NAME.items() if profile in switch.profiles}


def _odd(kind: str, reason: str) -> Platform:
    found = _of((RULES, ROLE), reason)
    return Platform(
        {"odd_record": kind, "odd_record_id": ODD},
        refused=_of((PLAN,), f"ended with an error: Could not update all cases: .*{reason}"),
        partly=found,
        again=_of(found, "the record is still odd"),
    )


# More cases than a page has
PAGES = {"page_cap": 10}
LATE = {"late_write_ms": 300}

PLATFORMS: dict[str, Platform] = {
    # releases
    "like release 5.0": Platform(_release("5.0")),
    "like release 5.2": Platform(_release("5.2")),
    "like release 5.5": Platform(),
    "like release 7.0": Platform(_release("7.0")),
    # reads that lag behind writes, answers to writes
    "a read by id lags": Platform({"case_lag_ms": 300}, settles_s=1),
    "a read by id lags, and nothing else shows the write": Platform(
        {"case_lag_ms": 300, "put_answer": "empty", "activities_status": 403}, settles_s=1
    ),
    "a read by id lags, and the answer is the old case": Platform(
        {"case_lag_ms": 300, "put_answer": "old", "parts_lag_ms": 300}, settles_s=1
    ),
    "a list lags": Platform(
        {"list_lag_ms": 30_000},
        again=_of(
            (RULES, ROLE), "no comment is posted, so that cases are not read by id, and the list is all there is"
        ),
    ),
    "comments and history lag": Platform({"parts_lag_ms": 300}, settles_s=1),
    "all reads lag": Platform({"case_lag_ms": 400, "list_lag_ms": 400, "parts_lag_ms": 400}, settles_s=1),
    "the answer to a write is the old case": Platform({"put_answer": "old"}),
    "the answer to a write has no case": Platform({"put_answer": "no_case"}),
    "the answer to a write has no data": Platform({"put_answer": "no_data"}),
    "the answer to a write is empty": Platform({"put_answer": "empty"}),
    "the answer to a write is a part of the case": Platform({"put_answer": "partial"}),
    "the answer to a write has the description": Platform(
        {"description_in_put_answer": True, "description_in_get": True}
    ),
    "the history can't be read": Platform({"activities_status": 403}),
    "a write lands after its 504": Platform(LATE, count=5, real_time=True),
    "a write lands after its 500": Platform({**LATE, "late_write_status": 500}, count=5, real_time=True),
    # what a write does
    "tags are stored in lower case": Platform(
        {"tag_normalise": "lower"},
        partly=_of((CASE, RULES, LIST, PLAN, ROLE), "tags must be |The case shows a part of the update"),
        again=_of((CASE, LIST), "the tag that is wanted is never there"),
        differs=_of((CASE, RULES, LIST, PLAN, ROLE), "only the write shows what is stored"),
    ),
    "a no-op moves modified_at not": Platform({"noop_put_moves_modified_at": False}),
    "tags move modified_at not": Platform({"tags_move_modified_at": False}),
    "a comment moves modified_at not": Platform({"comment_moves_modified_at": False}),
    "an unknown key is refused": Platform({"unknown_put_key": "reject"}),
    "comments are newest first": Platform({"comments_order": "desc"}),
    "comments are refused": Platform(
        {"comment_status": 403},
        partly=_of((CASE, LIST), "Could not post the comment"),
        differs=_of((CASE, LIST), "only the write shows that comments are refused"),
    ),
    "the severity is ignored": Platform(
        {"ignored_put_keys": ["severity"]},
        partly=_of((CASE, RULES, LIST, PLAN, ROLE), "severity must be "),
        again=_of((CASE, RULES, LIST, PLAN, ROLE), "the severity is never set"),
        differs=_of((CASE, RULES, LIST, PLAN, ROLE), "only the write shows what is ignored"),
    ),
    # pages
    "pages of at most 10, else 422": Platform({"limit_max": 10}),
    "pages of at most 10, else 400": Platform({"limit_max": 10, "limit_max_status": 400}),
    "pages of at most 10, else 500": Platform({"limit_max": 10, "limit_max_status": 500}),
    "pages of at most 10, else 504": Platform({"limit_max": 10, "limit_max_status": 504}),
    "pages of 10 cases, whatever is asked": Platform(PAGES, count=24),
    "cases of 200 kB": Platform({"case_padding": 200_000}),
    "total of the page": Platform({"list_total": "page", "page_cap": 50}, count=60),
    "total of a page of 10": Platform({"list_total": "page", **PAGES}, count=24),
    "total is 0": Platform({"list_total": "zero", **PAGES}, count=24),
    "total is absent": Platform({"list_total": "absent", **PAGES}, count=24),
    "total is capped": Platform({"list_total": "capped", "list_total_cap": 7, **PAGES}, count=24),
    "a skip above 30 is refused": Platform({"skip_max": 30, **PAGES}, count=24),
    "skip and limit above 510 are refused": Platform({"skip_ceiling": 510, **PAGES}, count=24),
    "beyond skip and limit of 510 is nothing": Platform(
        {"skip_ceiling": 510, "skip_ceiling_answer": "empty", **PAGES}, count=24
    ),
    # filters and order
    "only the last day unless a date is given": Platform({"default_window": "24h"}),
    "only the last day unless both dates are given": Platform(
        {"default_window": "24h", "default_window_lifted_by": "both"}
    ),
    "sort and order are ignored": Platform(
        {"ignored_query_parameters": ["sort", "order"], "default_sort": "score", **PAGES}, count=24
    ),
    "the filters status and severity are ignored": Platform({"ignored_query_parameters": ["status", "severity"]}),
    "the filters of people and tags are ignored": Platform({"ignored_query_parameters": ["assignee", "tags"]}),
    "the filter of tickets is ignored": Platform(
        {"ignored_query_parameters": ["ticket_id"]},
        partly=_of((CASE, LIST), "the platform ignores the filter ticket_id"),
        queries={"by ticket": "the platform ignores the filter ticket_id"},
        again=_of((CASE, LIST), "a ticket is not found then, which is said"),
    ),
    "ranges exclude their ends": Platform(
        {"range_from_inclusive": False, "range_to_inclusive": False, **PAGES}, count=24
    ),
    "one status in a filter": Platform({"multi_status": False}),
    "an empty filter is a value": Platform({"empty_filter": "literal"}),
    "the filter of people takes e-mails only": Platform({"assignee_filter": ["email"]}),
    "booleans are read without case": Platform({"boolean_case": False}),
    # the shape of cases
    "tags are absent in a list": Platform({"absent_fields": ["tags"]}),
    "empty tags are null": Platform({"empty_tags": "null", "shape_places": ALL_PLACES}),
    "empty tags are absent": Platform({"empty_tags": "absent", "shape_places": ALL_PLACES}),
    "score is absent": Platform(
        {"absent_fields": ["score"]},
        refused=_of((RULES, PLAN, ROLE), "score is absent"),
        queries={"scored": "score is absent"},
    ),
    "modified_at is absent": Platform(
        {"absent_fields": ["modified_at"]},
        refused=_of((RULES, PLAN, ROLE), "modified_at is absent"),
        queries={"new and old": "modified_at is absent"},
    ),
    "status is absent": Platform(
        {"absent_fields": ["status"]},
        refused=_of((RULES, PLAN, ROLE), "status is absent"),
        queries={"new and old": "status is absent"},
    ),
    "times are text": Platform({"times_form": "text", "shape_places": ALL_PLACES}),
    "times are ISO 8601": Platform({"times_form": "iso", "shape_places": ALL_PLACES}),
    "times are seconds": Platform({"times_form": "seconds", "shape_places": ALL_PLACES}),
    "times are seconds in a list": Platform({"times_form": "seconds"}),
    "score is text": Platform({"score_form": "text", "shape_places": ALL_PLACES}),
    "one record is null": _odd("null", "must be an object, got null"),
    "one record is text": _odd("text", "must be an object, got 'case'"),
    "one record is a list": _odd("list", "must be an object, got"),
    "one record is empty": _odd("empty", "_id must have only"),
    "one record has no id": _odd("no_id", "_id must have only"),
    "one record has a number as id": _odd("number_id", "_id must have only"),
    "one record has a number as status": _odd("bad_status", "status must be a string, got 7"),
    "one record has text as tags": _odd("bad_tags", "tags must be a list of strings"),
    "one record has a word as time": _odd("bad_time", "modified_at is not a valid time"),
    # empty lists
    "empty lists are null": Platform({"empty_list": "null"}),
    "empty lists are absent": Platform({"empty_list": "absent"}),
    "data of empty lists is []": Platform({"empty_list": "data_list"}),
    "data of empty lists is null": Platform({"empty_list": "data_null"}),
    # people, tenants
    "each user is there twice": Platform({"users_twice": True}),
    "e-mails have a case": Platform({"email_case": True}),
    "names are e-mails": Platform({"names_show": "email"}),
    "unassigned is an empty name": Platform({"unassigned_name": ""}),
    "the users can't be read": Platform({"users_status": 403}),
    # time
    "the clock is 2 h ahead": Platform({"clock_offset_s": 7200}),
    "the clock is 2 h behind": Platform({"clock_offset_s": -7200}),
    "the clock is 3 days behind": Platform({"clock_offset_s": -3 * 86400}),
    # tokens, errors, load
    "every third call is a 401": Platform({"unauthorized_every": 3}),
    "every third call is a 401 that ends the token": Platform(
        {"unauthorized_every": 3, "unauthorized_ends_token": True}
    ),
    "a token ends by itself after 2 s": Platform({"token_lifetime_s": 2}),
    "the end of a token is in ms": Platform({"token_exp": "ms"}),
    "the end of a token is past": Platform({"token_exp": "past"}),
    "the end of a token is absent": Platform({"token_exp": "absent"}),
    # With the usual 4 retries, one of 8 requests at the same time can meet a 500 in each attempt.
    "every second GET is a 500": Platform({"get_500_every": 2}, options={"retries": 10}),
    "some calls are a 503": Platform(faults=[{"kind": "status", "status": 503, "times": 4, "after": 2}]),
    "one request is too many": Platform({"rate_limit_per_s": 60, "rate_limit_burst": 6}, real_time=True),
    "errors are text": Platform({"error_body": "text", "limit_max": 10}),
    # others
    "a case is deleted before its write": Platform(
        edits=[{"case_id": GONE, "changes": {}, "delete": True, "before": {"method": "PUT", "path": f"/cases/{GONE}"}}],
        partly=_of((RULES, LIST, PLAN, ROLE, f"{UNDO}, {LOST}"), "The case is gone"),
        again=_of((LIST, PLAN, f"{UNDO}, {LOST}"), "it is still gone"),
        differs=_of((RULES, LIST, PLAN, ROLE), "it is deleted after the check"),
    ),
    "a deleted case is a 410": Platform(
        {"unknown_case_status": 410},
        edits=[{"case_id": GONE, "changes": {}, "delete": True, "before": {"method": "PUT", "path": f"/cases/{GONE}"}}],
        partly=_of((RULES, LIST, PLAN, ROLE, f"{UNDO}, {LOST}"), "The case is gone"),
        again=_of((LIST, PLAN, f"{UNDO}, {LOST}"), "it is still gone"),
        differs=_of((RULES, LIST, PLAN, ROLE), "it is deleted after the check"),
    ),
    "others edit a case before its write": Platform(
        edits=[
            {
                "case_id": EDITED,
                "changes": {"name": "Theirs"},
                "user": "ohtani@example.com",
                "before": {"method": "PUT", "path": f"/cases/{EDITED}"},
            }
        ],
    ),
}

# -- the pairs -----------------------------------------------------------------------------------------------

LOST_PUTS = {"kind": "drop_after", "method": "PUT", "path": "/cases/*", "times": 3}

TOO_SHORT = "such a page looks like a whole list (README, Limits); to tell takes one request more of healthy platforms"

# The platforms that the role is run on, one at least of each kind
OF_ROLE = (
    "like release 5.0",
    "like release 7.0",
    "a read by id lags, and nothing else shows the write",
    "a list lags",
    "a write lands after its 504",
    "tags are stored in lower case",
    "pages of at most 10, else 422",
    "total is capped",
    "score is absent",
    "one record is null",
    "empty lists are null",
    "the clock is 2 h ahead",
    "every third call is a 401",
    "a case is deleted before its write",
)
# Those that a plan is run on: one at least of each kind, and most of those whose reads by id and writes differ
OF_PLAN = (
    "like release 5.0",
    "like release 5.5",
    "like release 7.0",
    "a read by id lags",
    "a read by id lags, and nothing else shows the write",
    "a read by id lags, and the answer is the old case",
    "a list lags",
    "comments and history lag",
    "all reads lag",
    "the answer to a write is the old case",
    "the answer to a write has no case",
    "the answer to a write is empty",
    "the answer to a write is a part of the case",
    "the history can't be read",
    "a write lands after its 504",
    "tags are stored in lower case",
    "tags move modified_at not",
    "an unknown key is refused",
    "the severity is ignored",
    "pages of at most 10, else 422",
    "total is capped",
    "the filters status and severity are ignored",
    "tags are absent in a list",
    "empty tags are null",
    "empty tags are absent",
    "score is absent",
    "times are text",
    "times are seconds in a list",
    "one record is null",
    "empty lists are null",
    "names are e-mails",
    "the clock is 2 h ahead",
    "the clock is 3 days behind",
    "every third call is a 401",
    "some calls are a 503",
    "a case is deleted before its write",
    "others edit a case before its write",
)
IN_A_PAIR = ("like release 5.5", "a read by id lags", "the answer to a write is empty")
BY_RULES = (
    "its rules list the cases, and run on all platforms; the plan itself reads cases by their ids and writes them"
)
BY_PLAYBOOK = "ansible-playbook takes seconds a run; the role calls stellar_cases with its rules, which run on all"

# Cells that are not run, by (platform, entry, pair); None stands for any. Each with the reason.
EXCEPTIONS: dict[tuple[str | None, str | None, str | None], str] = {
    **{("total of a page of 10", entry, None): TOO_SHORT for entry in (RULES, UNDO, ROLE, INFO, LOOK_UP)},
    ("tags are stored in lower case", UNDO, LOST): (
        "found: the undo of a write of unknown outcome does not delete the other spelling, which may be a tag of others"
    ),
    **{(name, ROLE, None): BY_PLAYBOOK for name in PLATFORMS if name not in OF_ROLE},
    **{(name, PLAN, None): BY_RULES for name in PLATFORMS if name not in OF_PLAN},
    **{(name, PLAN, pair): BY_RULES for name in PLATFORMS if name not in IN_A_PAIR for pair in (LOST, CONCURRENT)},
    (None, PLAN, STALE): "platforms whose reads by id lag are among those that it is run on",
    **{(None, ROLE, pair): BY_PLAYBOOK for pair in (STALE, LOST, CONCURRENT)},
    (None, INFO, STALE): "it writes nothing, so that no read can lag behind its writes",
    (None, LOOK_UP, STALE): "it writes nothing, so that no read can lag behind its writes",
    (None, INFO, LOST): "it sends no PUT whose answer could be lost; tests/faults.py has lost answers to reads",
    (None, LOOK_UP, LOST): "it sends no PUT whose answer could be lost; tests/faults.py has lost answers to reads",
    (None, CASE, CONCURRENT): "it has one case, one request at a time",
    (None, INFO, CONCURRENT): "it sends one request at a time",
    (None, LOOK_UP, CONCURRENT): "it sends one request at a time",
    ("a read by id lags", None, STALE): "it is this pair by itself",
    ("a read by id lags, and nothing else shows the write", None, STALE): "it has stale reads by itself",
    ("a read by id lags, and the answer is the old case", None, STALE): "it has stale reads by itself",
    ("all reads lag", None, STALE): "it has stale reads by itself",
}


@dataclass(frozen=True)
class Cell:
    """One platform, one entry, alone or in a pair."""

    name: str
    entry: str
    pair: str = ALONE

    def __str__(self) -> str:
        return "-".join((self.name, self.entry, self.pair))

    @property
    def platform(self) -> Platform:
        return PLATFORMS[self.name]

    def prepare(self, simulator: Simulator) -> None:
        """Make the simulator this platform, with its cases."""
        simulator.reset(seed=seed(self.platform.count))
        stale = {"case_lag_ms": 300} if self.pair == STALE else {}
        simulator.switch(**stale, **self.platform.switches)

    def arm(self, simulator: Simulator) -> None:
        """Plan the faults and edits of a run."""
        simulator.clear_faults()
        for fault in (*self.platform.faults, *([LOST_PUTS] if self.pair == LOST else [])):
            simulator.fault(**fault)
        there = {record["_id"] for record in simulator.cases()} if self.platform.edits else set()
        for edit in self.platform.edits:
            if edit["case_id"] in there:
                simulator.edit(**edit)

    def runner(self, simulator: Simulator) -> Runner:
        platform = self.platform
        return Runner(simulator, platform.options, 8 if self.pair == CONCURRENT else 1, platform.real_time)

    def record(self, outcome: str, runs: int = 3) -> None:
        """Keep for `make reliability` what became of so many runs."""
        evidence.record("platform", behaviour=self.name, entry=self.entry, pair=self.pair, runs=runs, outcome=outcome)

    def expected(self, what: dict[str, str]) -> str:
        """What a table of the platform says of this cell; empty if nothing."""
        return what.get(f"{self.entry}, {self.pair}", what.get(self.entry, ""))

    @property
    def settles_s(self) -> float:
        """Seconds until all reads show a write."""
        return max(self.platform.settles_s, 1.0 if self.pair == STALE else 0.0)


def exception(name: str, entry: str, pair: str) -> str:
    """Why a cell is not run; empty if it is."""
    found = (
        why
        for (platform, of, paired), why in EXCEPTIONS.items()
        if platform in (None, name) and of in (None, entry) and paired in (None, pair)
    )
    return next(found, "")


def cells(entries: Iterable[str], pairs: Iterable[str]) -> list[Cell]:
    """All cells of the entries and pairs that are run."""
    return [
        Cell(name, entry, pair)
        for name in PLATFORMS
        for entry in entries
        for pair in pairs
        if not exception(name, entry, pair)
    ]
