# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fault matrix: the one table of what may go wrong, and the one of the calls with which it may go wrong.

The tests take every fault with every call; `make reliability` writes what came of it into .cache/reliability.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import INCLUDES
from tests.integration.many import Case, case

API = "/connect/api/v1"

# -- rows: faults -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a call.

    kind, parameters: a fault of the simulator; kind "" leads the call somewhere else: to the `place` of that name.
    cause: what a message says of it, a pattern. status: HTTP status of the answer, None without one. again: whether
    the client tries again. handled: whether the request was carried out all the same. refuses: whether the client
    knows for sure that it was not. quick: whether the test shortens the timeout, since nothing else ends the call.
    """

    kind: str
    cause: str
    parameters: dict[str, Any] = field(default_factory=dict)
    status: int | None = None
    place: str = ""
    again: bool = False
    handled: bool = False
    refuses: bool = False
    quick: bool = False

    def is_retried(self, call: str) -> bool:
        """Return whether the client sends a call again: after a 500 only one that writes nothing."""
        return self.again or (self.status == 500 and call not in WRITES)


# Of the exchange of a key no answer is shown.
NOT_SHOWN = "is not shown, because it may contain a token"


def _status(status: int, cause: str = f"injected fault|{NOT_SHOWN}", **more: Any) -> Fault:
    parameters = {"status": status, **{name: more.pop(name) for name in ("retry_after", "body") if name in more}}
    again = status in (429, 502, 503, 504)
    if more.get("handled"):
        parameters["handled"] = True
    return Fault("status", cause, parameters, status, again=again, refuses=status < 500, **more)


def _elsewhere(place: str, cause: str, **more: Any) -> Fault:
    return Fault("", cause, place=place, refuses=True, **more)


TOO_SLOW = "no complete answer in time"
NO_ANSWER = "does not contain|is not an answer to this request|contains no access_token"
OTHER_HOST = "https://other.example"
LOGIN_PAGE = "Likely a login page, a proxy or another server answered"

FAULTS: dict[str, Fault] = {
    "connection refused": _elsewhere("closed", "no answer: .*Connection refused", again=True),
    "no answer to the connection": _elsewhere("deaf", TOO_SLOW, again=True, quick=True),
    "certificate expired": _elsewhere("expired", "TLS failed, so nothing was sent: .*has expired"),
    "certificate of another name": _elsewhere("wrong-name", "TLS failed, so nothing was sent: .*mismatch"),
    "certificate of an unknown CA": _elsewhere("unknown CA", "TLS failed, so nothing was sent: .*unable to get local"),
    "connection lost, request not handled": Fault("drop_before", "no answer: ", again=True),
    "connection lost, request handled": Fault("drop_after", "no answer: ", again=True, handled=True),
    "no answer in time": Fault("stall", TOO_SLOW, again=True, quick=True),
    "body drips": Fault("drip", TOO_SLOW, {"ms_per_byte": 100}, 200, again=True, handled=True, quick=True),
    "headers drip": Fault(
        "drip_headers", TOO_SLOW, {"ms_per_line": 60, "lines": 90}, again=True, handled=True, quick=True
    ),
    "429 with Retry-After": _status(429, "asks to slow down", retry_after="1"),
    "429": _status(429, "asks to slow down"),
    "500": _status(500),
    "500, request handled": _status(500, handled=True),
    "502": _status(502),
    "503": _status(503),
    "504": _status(504),
    "504, request handled": _status(504, handled=True),
    "401, token expired": Fault("expire_token", "Unauthorized|refused api_key", status=401, refuses=True),
    "403, another tenant": _status(403, f"Tenant mismatch|{NOT_SHOWN}", body={"error": "Tenant mismatch"}),
    "404": _status(404),
    "422": _status(422),
    "redirect to another host": Fault(
        "redirect", f"redirects to {OTHER_HOST}", {"location": f"{OTHER_HOST}/login"}, status=302, refuses=True
    ),
    "200 with a login page": Fault("html", LOGIN_PAGE, status=200),
    "200 with half of the JSON": Fault("truncate", "the answer broke off: ", status=200, again=True, handled=True),
    "200 without JSON": Fault("not_json", "is not JSON", status=200, handled=True),
    "200 with JSON of another shape": Fault("wrong_shape", NO_ANSWER, {"body": {"detail": 1}}, 200, handled=True),
    "200 with another server's JSON": Fault("wrong_shape", NO_ANSWER, {"body": {"ok": 1}, "handled": False}, 200),
    "200 that unpacks to a giant": Fault("gzip_bomb", "is larger than 1 MiB", {"mib": 2}, 200, handled=True),
}

# -- columns: calls -----------------------------------------------------------------------------------

TOKEN, TENANTS, USERS, LIST = "POST access_token", "GET tenants", "GET users", "GET cases"
READ, PUT, COMMENT = "GET cases/ID", "PUT cases/ID", "POST cases/ID/comments"
LATER_PAGE = "GET cases, a later page"
REREAD = "GET cases/ID, before the write"
LOOK = "GET cases/ID, after a lost write"
READ_BACK = "GET cases/ID, after the write"
READ_LAST = "GET cases/ID, after the comment"
HISTORY = "GET cases/ID/activities, after the write"
LOOK_COMMENTS = "GET cases/ID/comments, after a lost comment"
PARTS = {part: f"GET cases/ID/{part}" for part in INCLUDES}
OLD_SCORES = "GET cases/ID/activity/score"
TENANT_GROUPS = "GET tenant_groups"

CALLS = (
    *(TOKEN, TENANTS, USERS, LIST, LATER_PAGE, READ, REREAD, PUT, LOOK, READ_BACK, HISTORY),
    *(COMMENT, LOOK_COMMENTS, READ_LAST, *PARTS.values(), OLD_SCORES, TENANT_GROUPS),
)
WRITES = (PUT, COMMENT)


# A read of a case, by what came before it; after a lost write it is a look
READS = {"": READ, "read": REREAD, PUT: READ_BACK, COMMENT: READ_LAST}


def names_of(requests: Iterable[dict[str, Any]]) -> list[str]:
    """What the table calls each request of a log. A read of a case is named by what came before it.

    Each scenario lists cases once, so that what lists them again is a later page.
    """
    names: list[str] = []
    last_write: dict[str, str] = {}
    listed = False
    for entry in requests:
        path = entry["path"][len(API) + 1 :]
        name = entry["method"] + " " + re.sub(r"cases/[^/]+", "cases/ID", path)
        of = path.split("/")[1] if "/" in path else ""
        before = last_write.get(of, "")
        if name in WRITES:
            last_write[of] = name if entry["fault"] is None else f"{name} lost"
        elif name == READ:
            name = READS.get(before or ("read" if listed else ""), LOOK)
            last_write[of] = before or "read"
        elif name == PARTS["comments"] and before.startswith(COMMENT):
            name = LOOK_COMMENTS
            last_write[of] = COMMENT
        elif name == PARTS["activities"] and before.startswith(WRITES):
            name = HISTORY
        elif name == LIST and listed:
            name = LATER_PAGE
        listed = listed or name == LIST
        names.append(name)
    return names


# -- who makes the calls --------------------------------------------------------------------------------

# Two cases to change and one to leave alone, all of one tenant
SEED: list[Case] = [case(1, size=3), case(2, size=3), case(3, tags=["other"])]
FIRST, SECOND, OTHER = (record["_id"] for record in SEED)
TENANT = "Example Tenant"
TEXT = "Seen by the night shift"
# As cases show him, so that he is found where the users can't be read, too
SOMEBODY = "ohtani@example.com"
BY_EMAIL = {"names_show": "email"}
WANTED = {"status": "In Progress", "assignee": SOMEBODY, "tags": {"add": ["hit"]}}
GUARD = str(SEED[0]["modified_at"])
RULES = [{"name": "Take over", "match": {"tags": {"any": ["old"]}, "assignee": [""]}, "set": WANTED, "comment": TEXT}]
# By the history of each case
LONG_NEW = {
    "name": "Take over",
    "match": {"tags": {"any": ["old"]}, "status": ["New"], "status_for": "1d"},
    "set": {"status": "In Progress"},
}
ITEMS = [
    {"case_id": FIRST, **WANTED, "comment": TEXT, "if_unmodified_since": GUARD},
    {"ticket_id": SEED[1]["ticket_id"], "status": "In Progress", "assignee": SOMEBODY},
]


@dataclass(frozen=True)
class Scenario:
    """A run of an entry: what it is asked, on what kind of platform, and the calls that it makes for that.

    lost: faults that are always there, so that there is something to look after. cells: the calls with which each
    fault is tried here; the others are tried elsewhere. plan: options of the run in check mode whose plan this one
    applies; that run meets no fault.
    """

    entry: str
    options: dict[str, Any]
    calls: tuple[str, ...]
    cells: tuple[str, ...]
    switches: dict[str, Any] = field(default_factory=dict)
    lost: tuple[tuple[str, dict[str, Any]], ...] = ()
    plan: dict[str, Any] | None = None

    @property
    def comments(self) -> bool:
        """Whether it posts a comment to the first case."""
        return TEXT in repr((self.options, self.plan))


CASE, INFO, LOOKUP, CASES, ROLE, PING = (
    *("stellar_case", "stellar_case_info", "lookup stellar_cases", "stellar_cases", "case_hygiene", "stellar_ping"),
)
TENANT_INFO, USER_INFO, INVENTORY = "stellar_tenant_info", "stellar_user_info", "inventory stellar_tenants"
COMMENT_ONCE, SOURCE = "stellar_case_comment", "event source stellar_cases"
ONE_LOST_PUT = (("drop_after", {"method": "PUT", "path": f"/cases/{FIRST}"}),)
ONE_LOST_COMMENT = (("drop_after", {"method": "POST", "path": f"/cases/{FIRST}/comments"}),)
ALL_LOST_PUTS = (("drop_after", {"method": "PUT", "path": f"/cases/{FIRST}", "times": 0}),)
EMPTY = {"put_answer": "empty"}
TWO_PAGES = {"page_cap": 2}
# The parts of a case that a ping reads
ENDPOINTS = tuple(PARTS[part] for part in ("comments", "activities", "scores"))
# A ping that answers the claims of docs/api.md, and writes no file, which is what its action does
CONTRACT = {"contract_dir": "/nowhere"}
RULE_START = (TOKEN, TENANTS, USERS, LIST)
ONE_CASE = (REREAD, PUT, HISTORY, COMMENT, READ_LAST)

SCENARIOS: dict[str, Scenario] = {
    "one case by its id": Scenario(
        CASE,
        {"case_id": FIRST, **WANTED, "comment": TEXT, "tenant": TENANT},
        calls=(TOKEN, READ, USERS, PUT, COMMENT, READ_LAST),
        cells=(TOKEN, READ, USERS, PUT, COMMENT, READ_LAST),
        switches=BY_EMAIL,
    ),
    "one case by its ticket": Scenario(
        CASE,
        {"ticket_id": SEED[0]["ticket_id"], "status": "In Progress", "tenant": TENANT},
        calls=(TOKEN, TENANTS, LIST, PUT),
        cells=(TENANTS, LIST),
    ),
    "one case with a guard": Scenario(
        CASE,
        {"case_id": FIRST, "status": "In Progress", "if_unmodified_since": GUARD},
        calls=(TOKEN, READ, PUT, HISTORY),
        cells=(PUT, HISTORY),
    ),
    "one case, empty answers": Scenario(
        CASE,
        {"case_id": FIRST, "status": "In Progress"},
        calls=(TOKEN, READ, PUT, READ_BACK),
        cells=(READ_BACK,),
        switches=EMPTY,
    ),
    "one case with a guard, write lost": Scenario(
        CASE,
        {"case_id": FIRST, "status": "In Progress", "if_unmodified_since": GUARD},
        calls=(TOKEN, READ, PUT, LOOK, LOOK, HISTORY),
        cells=(LOOK,),
        lost=ONE_LOST_PUT,
    ),
    "one case, every write lost": Scenario(
        CASE,
        {"case_id": FIRST, "status": "In Progress"},
        calls=(TOKEN, READ, PUT, PUT, LOOK),
        cells=(LOOK,),
        lost=ALL_LOST_PUTS,
    ),
    "one case, comment lost": Scenario(
        CASE,
        {"case_id": FIRST, "status": "In Progress", "comment": TEXT},
        calls=(TOKEN, READ, PUT, COMMENT, LOOK_COMMENTS, READ_LAST),
        cells=(LOOK_COMMENTS,),
        lost=ONE_LOST_COMMENT,
    ),
    "everything of a case": Scenario(
        INFO,
        {"case_id": [FIRST], "include": list(PARTS)},
        calls=(TOKEN, READ, *PARTS.values()),
        cells=(TOKEN, READ, *PARTS.values()),
    ),
    "scores of an older release": Scenario(
        INFO,
        {"case_id": [FIRST], "include": ["scores"]},
        calls=(TOKEN, READ, PARTS["scores"], OLD_SCORES),
        cells=(OLD_SCORES,),
        switches={"scores_path": False},
    ),
    "cases by their tickets": Scenario(
        INFO,
        {"ticket_id": [SEED[0]["ticket_id"]], "tenant": TENANT},
        calls=(TOKEN, TENANTS, LIST),
        cells=(TENANTS, LIST),
    ),
    "cases of somebody": Scenario(
        INFO, {"assignee": [SOMEBODY, ""]}, calls=(TOKEN, USERS, LIST), cells=(USERS,), switches=BY_EMAIL
    ),
    "cases, two pages": Scenario(INFO, {}, calls=(TOKEN, LIST, LATER_PAGE), cells=(LATER_PAGE,), switches=TWO_PAGES),
    "how many cases": Scenario(INFO, {"count_only": True}, calls=(TOKEN, LIST), cells=(LIST,)),
    "cases of a tag": Scenario(
        LOOKUP,
        {"terms": ["old"], "assignee": [SOMEBODY, ""], "tenant": TENANT},
        calls=(TOKEN, USERS, TENANTS, LIST),
        cells=(TOKEN, USERS, TENANTS, LIST),
        switches=BY_EMAIL,
    ),
    "cases of a tag, two pages": Scenario(
        LOOKUP, {"terms": ["old", "other"]}, calls=(TOKEN, LIST, LATER_PAGE), cells=(LATER_PAGE,), switches=TWO_PAGES
    ),
    "how many cases of a tag": Scenario(
        LOOKUP, {"terms": ["old"], "result": "count"}, calls=(TOKEN, LIST), cells=(LIST,)
    ),
    "cases by how long": Scenario(
        LOOKUP,
        {"terms": [], "match": LONG_NEW["match"]},
        calls=(TOKEN, LIST, PARTS["activities"], PARTS["activities"]),
        cells=(PARTS["activities"],),
    ),
    "tenants": Scenario(TENANT_INFO, {"tenants": [TENANT]}, calls=(TOKEN, TENANTS), cells=(TOKEN, TENANTS)),
    "users": Scenario(USER_INFO, {"tenant": TENANT}, calls=(TOKEN, TENANTS, USERS), cells=(TOKEN, TENANTS, USERS)),
    "a host for each tenant": Scenario(INVENTORY, {}, calls=(TOKEN, TENANTS), cells=(TOKEN, TENANTS)),
    # Its start and one poll
    "changes of cases": Scenario(
        SOURCE,
        {"tenant": TENANT, "assignee": [SOMEBODY, ""], "since": "2001-01-01"},
        calls=(TOKEN, TENANTS, LIST, LATER_PAGE, LATER_PAGE, USERS, LATER_PAGE),
        cells=(TOKEN, TENANTS, LIST, LATER_PAGE, USERS),
        switches=BY_EMAIL,
    ),
    "changes of others": Scenario(
        SOURCE,
        {"since": "2001-01-01", "ignore_own_changes": True, "tags": ["other"]},
        calls=(TOKEN, LIST, LATER_PAGE, LATER_PAGE, USERS, LATER_PAGE, PARTS["activities"]),
        cells=(PARTS["activities"],),
    ),
    "rules": Scenario(
        CASES,
        {"rules": RULES, "tenant": TENANT, "recheck_after": 0},
        calls=(*RULE_START, *ONE_CASE, *ONE_CASE),
        cells=(*RULE_START, *ONE_CASE),
        switches=BY_EMAIL,
    ),
    "rules, empty answers": Scenario(
        CASES,
        {"rules": [{**RULES[0], "set": {"status": "In Progress"}, "match": {"tags": {"any": ["old"]}}}]},
        calls=(TOKEN, LIST, *(REREAD, PUT, READ_BACK, COMMENT, READ_LAST) * 2),
        cells=(READ_BACK,),
        switches=EMPTY,
    ),
    "rules, write lost": Scenario(
        CASES,
        {"rules": [{"name": "Take over", "match": {"tags": {"any": ["old"]}}, "set": {"status": "In Progress"}}]},
        calls=(TOKEN, LIST, PUT, LOOK, LOOK, PUT),
        cells=(LOOK,),
        lost=ONE_LOST_PUT,
    ),
    "rules, comment lost": Scenario(
        CASES,
        {"rules": [{**RULES[0], "set": {"status": "In Progress"}, "match": {"tags": {"any": ["old"]}}}]},
        calls=(TOKEN, LIST, REREAD, PUT, COMMENT, LOOK_COMMENTS, READ_LAST, REREAD, PUT, COMMENT, READ_LAST),
        cells=(LOOK_COMMENTS,),
        lost=ONE_LOST_COMMENT,
    ),
    "rules, two pages": Scenario(
        CASES,
        # By what the platform does not filter: it lists the third case, too.
        {"rules": [{"name": "Take over", "match": {"min_size": 3}, "set": {"status": "In Progress"}}]},
        calls=(TOKEN, LIST, LATER_PAGE, PUT, PUT),
        cells=(LATER_PAGE,),
        switches=TWO_PAGES,
    ),
    "rules by how long": Scenario(
        CASES,
        {"rules": [LONG_NEW]},
        calls=(TOKEN, LIST, PARTS["activities"], PARTS["activities"], PUT, PUT),
        cells=(PARTS["activities"],),
    ),
    "a list of a case with a guard": Scenario(
        CASES,
        {"cases": [{"case_id": FIRST, "status": "In Progress", "if_unmodified_since": GUARD}]},
        calls=(TOKEN, READ, REREAD, PUT, HISTORY),
        cells=(PUT,),
    ),
    "a list of cases": Scenario(
        CASES,
        {"cases": ITEMS, "tenant": TENANT, "recheck_after": 0},
        calls=(TOKEN, READ, TENANTS, LIST, USERS, *ONE_CASE, PUT),
        cells=(READ, TENANTS, LIST, USERS, REREAD),
        switches=BY_EMAIL,
    ),
    "a plan": Scenario(
        CASES,
        {"tenant": TENANT},
        calls=(TOKEN, TENANTS, READ, USERS, READ, *(REREAD, PUT, COMMENT, READ_LAST) * 2),
        cells=(READ, REREAD, PUT),
        switches=BY_EMAIL,
        plan={"rules": RULES, "tenant": TENANT},
    ),
    "a plan, write lost": Scenario(
        CASES,
        {},
        calls=(TOKEN, READ, READ, REREAD, PUT, LOOK, LOOK, REREAD, PUT),
        cells=(LOOK,),
        lost=ONE_LOST_PUT,
        plan={"cases": [{"case_id": case_id, "status": "In Progress"} for case_id in (FIRST, SECOND)]},
    ),
    "a ping": Scenario(
        PING,
        {},
        calls=(TOKEN, LIST, USERS, TENANTS, TENANT_GROUPS, *ENDPOINTS, *[LATER_PAGE] * 12),
        cells=(TOKEN, LIST, USERS, TENANTS, TENANT_GROUPS, *ENDPOINTS, LATER_PAGE),
    ),
    "a ping of an older release": Scenario(
        PING,
        {},
        calls=(TOKEN, LIST, USERS, TENANTS, TENANT_GROUPS, *ENDPOINTS, OLD_SCORES, *[LATER_PAGE] * 12),
        cells=(OLD_SCORES,),
        switches={"scores_path": False},
    ),
    "a contract": Scenario(
        PING,
        CONTRACT,
        calls=(
            *(TOKEN, LIST, USERS, TENANTS, TENANT_GROUPS, *ENDPOINTS, *[LATER_PAGE] * 36, REREAD, REREAD),
            *(PARTS["alerts"], PARTS["alerts"], PARTS["observables"], PARTS["summary"], *[PARTS["comments"]] * 3),
        ),
        # To the matrix, what is read after a list is read again.
        cells=(REREAD, PARTS["alerts"], PARTS["observables"], PARTS["summary"]),
    ),
}

# -- stellar_case_comment: its calls by method, path and number ----------------------------------------

MARKED = "[ansible:INC-1]"
OLD_COMMENT, NEW_COMMENT = f"Old {MARKED}", f"New {MARKED}"
_ONCE = {"case_id": FIRST, "marker": "INC-1"}
# What is there before, and what is asked
COMMENT_SCENARIOS: dict[str, tuple[list[str], Scenario]] = {
    "post": ([], Scenario(COMMENT_ONCE, {**_ONCE, "comment": "New"}, (), ())),
    "edit": (
        [OLD_COMMENT],
        Scenario(COMMENT_ONCE, {**_ONCE, "comment": "New", "on_difference": "edit"}, (), ()),
    ),
    "delete": ([OLD_COMMENT], Scenario(COMMENT_ONCE, {**_ONCE, "state": "absent"}, (), ())),
}
