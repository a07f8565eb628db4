# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The claims about the platform that docs/api.md lists, the answers to them, and the document of a run.

The document can be given to others: each answer is made of the texts here and in contract_shapes.py, of numbers, and of
field names that the vendor's documentation has. It has no text of the platform, and of its records no exact number.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Iterable, Mapping, NamedTuple

CONFIRMED, DIFFERS, UNDECIDED, NOT_READ = ANSWERS = ("confirmed", "differs", "undecided", "not_read")

_A_WRITE = "It needs a write."
_OTHERS = "It is about what others do."


class Claim(NamedTuple):
    """A claim of docs/api.md, in its words. why_not_read: why no read can tell; '' if one can."""

    id: str
    words: str
    why_not_read: str = ""


SECTIONS: dict[str, tuple[Claim, ...]] = {
    "Access": (
        Claim("access.basic", "`POST access_token` takes a legacy key as `Basic`, with the account's e-mail"),
        Claim("access.bearer", "`POST access_token` takes a scoped key as `Bearer`, without a user name"),
        Claim("access.token", "the answer's `access_token` is accepted as `Bearer` in each API request"),
        Claim("access.lifetime", "a token is valid for ten minutes"),
        Claim("access.key_user", "a scoped key is a JWT with the id of its user, `api_key.user_id`"),
        Claim(
            "access.expired",
            "a token that expired is answered with HTTP 401: the key is exchanged once more",
            "It takes as long as a token is valid.",
        ),
        Claim("access.sso", "SSO accounts can't use the API", "It needs an SSO account."),
    ),
    "Lists": (
        Claim("list.limit", "`GET cases` answers `limit=500`, the maximum; less is asked for where less is needed"),
        Claim("list.smaller", "where a page of 500 is refused, or takes too long, a smaller one is answered"),
        Claim("list.skip", "a `skip` up to 1,000 is answered"),
        Claim("list.deep_skip", "a larger `skip` is refused; instead the list goes on by `created_at`"),
        Claim("list.window", "a list without `FROM~created_at` has all cases; a window is always sent"),
        Claim("list.sort.created_at", "`sort=created_at` and `order` sort the list"),
        Claim("list.sort.modified_at", "`sort=modified_at` and `order` sort the list"),
        Claim(
            "list.late",
            "a change is listed with its `modified_at` at most 60 s after it (`overlap` of the event source)",
            "It needs a change at a time that is known.",
        ),
        Claim("list.total", "`total` is the number of all matches: fewer cases than that are an error"),
        Claim("list.empty", "an empty list is `[]`"),
        Claim("list.records", "each record of a list is a case"),
        Claim(
            "list.unknown_parameter",
            "an unknown parameter is silently ignored, so the collection applies every filter again to the answer",
        ),
    ),
    "Filters": (
        Claim("filter.created_at", "the filter `FROM~created_at`, `TO~created_at`"),
        Claim("filter.modified_at", "the filter `FROM~modified_at`, `TO~modified_at`"),
        Claim("filter.score", "the filter `FROM~score`, `TO~score`"),
        Claim("filter.bounds", "`FROM~` and `TO~` include their bounds; those that are sent are a little wider"),
        Claim("filter.status", "the filter `status`, with one value"),
        Claim("filter.severity", "the filter `severity`, with one value"),
        Claim("filter.several", "`status` and `severity` take one value: `a,b` finds no case"),
        Claim("filter.tags", "`tags=a,b` finds cases with one of them"),
        Claim("filter.not_tags", "the filter `NOT~tags`"),
        Claim("filter.not_modified_by", "the filter `NOT~modified_by`, with a user's id"),
        Claim("filter.ticket_id", "the filter `ticket_id`"),
        Claim("filter.tenantid", "the filter `tenantid` limits to a tenant"),
    ),
    "Cases": (
        Claim("case.get", "`GET cases/ID` answers the case"),
        Claim("case.unknown", "the id of no case is answered with HTTP 404 or 410"),
        Claim("case.fields", "a case has the 17 fields of the vendor's sample, such as `status` and `version`"),
        Claim("case.times", "times are numbers, in epoch milliseconds"),
        Claim("case.numbers", "`score`, `size`, `ticket_id` and `version` are numbers"),
        Claim("case.tags", "`tags` is a list, `[]` for a case without tags"),
        Claim("case.values", "`status` and `severity` have the values that the options have"),
        Claim("case.resolution", "`resolution` is shown"),
        Claim("case.description", "`description` is not shown"),
        Claim("case.assignee", "`assignee` is the id of a user, beside a name in `assignee_name`"),
        Claim("case.unassigned", 'an unassigned case has `""` in `assignee`'),
        Claim(
            "case.root_tenant",
            "an empty `cust_id` is the root tenant",
            "A name would show it, and names are not looked at.",
        ),
    ),
    "Parts of a case": (
        Claim("part.alerts", "`GET cases/ID/alerts`, 50 at most in a page, with `limit` and `skip`"),
        Claim("part.alerts_bare", "without `limit` and `skip` it answers all alerts; both are always sent"),
        Claim("part.observables", "`GET cases/ID/observables`"),
        Claim("part.summary", "`GET cases/ID/summary` with `formatted=true` is a text"),
        Claim("part.comments", "`GET cases/ID/comments`"),
        Claim("part.comment_user", "the user of a comment is an id"),
        Claim("part.activities", "`GET cases/ID/activities`"),
        Claim("part.scores", "`GET cases/ID/scores`, else `activity/score`"),
    ),
    "Users and tenants": (
        Claim("users.get", "`GET users`"),
        Claim("users.scoped", "`GET users` with a scoped key"),
        Claim("users.fields", "a user has `user_id`, `email`, `priv_profile_id`, and a name by one of several keys"),
        Claim("users.once", "a user is in the list once; one who is there twice is taken as one"),
        Claim("users.all", "all users are in one answer"),
        Claim("users.unlisted", "an id that the list of users does not show is used as it is", _A_WRITE),
        Claim("tenants.get", "`GET tenants`"),
        Claim("tenants.fields", "a tenant has `cust_id`, `cust_name`, `tgrp_name` (its group), `ds_num`, `user_num`"),
        Claim("tenants.created_at", "`created_at` of a tenant is in seconds"),
        Claim("tenants.once", "a tenant is in the list once; one that is there twice is taken as one"),
        Claim("tenants.all", "all tenants are in one answer"),
        Claim("tenants.groups", "`GET tenant_groups` (only `stellar_ping`)"),
    ),
    "Writing": (
        Claim(
            "write.update",
            "`PUT cases/ID` with the fields that differ, of `status`, `severity`, `assignee`, `tags: {add, delete}`, "
            "`description`",
            _A_WRITE,
        ),
        Claim("write.escalated", "the status `Escalated`", _A_WRITE),
        Claim("write.resolution", "`resolution`, together with `status: Resolved`; `update_alerts`", _A_WRITE),
        Claim("write.name", "`name`, to rename a case", _A_WRITE),
        Claim("write.assignee", "`assignee` as an e-mail; the platform returns it as an id and a name", _A_WRITE),
        Claim("write.email_case", "e-mails of accounts are not case-sensitive from 5.2.0 on", _A_WRITE),
        Claim("write.unassign", '`assignee: ""` to unassign a case', _A_WRITE),
        Claim("write.comment", "`POST cases/ID/comments` with `comment`", _A_WRITE),
        Claim("write.comment_edit", "`PUT cases/ID/comments/COMMENT` (`on_difference: edit`)", _A_WRITE),
        Claim("write.comment_delete", "`DELETE cases/ID/comments/COMMENT` (`state: absent`)", _A_WRITE),
        Claim(
            "write.others",
            "a case can be deleted in the product, and InSync writes status, assignee and comments every five minutes",
            _OTHERS,
        ),
        Claim("write.modified_at", "`modified_at` moves with each change of a field", _A_WRITE),
        Claim("write.locking", "locking or version numbers against lost updates", _A_WRITE),
        Claim("write.invalid", "the platform's answer to an invalid value", _A_WRITE),
    ),
}
CLAIMS = {claim.id: claim for claims in SECTIONS.values() for claim in claims}


class Answer(NamedTuple):
    """The answer to a claim. reason: what was seen, of the texts of the collection. requests: sent for this claim."""

    result: str
    reason: str = ""
    requests: int = 0


def confirmed(reason: str = "") -> Answer:
    return Answer(CONFIRMED, reason)


def differs(reason: str) -> Answer:
    return Answer(DIFFERS, reason)


def undecided(reason: str) -> Answer:
    return Answer(UNDECIDED, reason)


# The lower ends of the steps
_STEPS = (2, 10, 50, 100, 200, 500, 1000, 10_000)


def coarse(count: int) -> str:
    """Return a number of records of the platform in coarse steps."""
    if count < _STEPS[0]:
        return str(count)
    lower = max(step for step in _STEPS if step <= count)
    if lower == _STEPS[-1]:
        return f"{lower:,} or more"
    return f"{lower:,} to {_STEPS[_STEPS.index(lower) + 1] - 1:,}"


# -- the document ----------------------------------------------------------------------------------------


def document(facts: Mapping[str, Any], answers: Mapping[str, Answer]) -> dict[str, Any]:
    """Return the document of a run, in the order of docs/api.md. facts: what it says of the run itself."""
    rows = []
    for section, claims in SECTIONS.items():
        for claim in claims:
            answer = Answer(NOT_READ, claim.why_not_read) if claim.why_not_read else answers[claim.id]
            row = {"id": claim.id, "section": section, "claim": claim.words}
            rows.append({**row, "answer": answer.result, "reason": answer.reason, "requests": answer.requests})
    counts = Counter(row["answer"] for row in rows)
    return {"contract": 1, **facts, "counts": {answer: counts[answer] for answer in ANSWERS}, "claims": rows}


def summary(counts: Mapping[str, int]) -> str:
    """Return the numbers of a document's answers, in words."""
    named = {CONFIRMED: "confirmed", DIFFERS: "different", UNDECIDED: "undecided", NOT_READ: "not settled by reads"}
    return (
        f"{sum(counts.values())} claims: " + ", ".join(f"{counts[name]} {said}" for name, said in named.items()) + "."
    )


_TITLES = {
    DIFFERS: "The platform differs",
    UNDECIDED: "Undecided",
    CONFIRMED: "Confirmed",
    NOT_READ: "Can't be settled by a read",
}
_HEAD = """# What the platform does

The claims of the page docs/api.md of the collection stellarcyber.xdr, and what reads of this platform showed. Nothing
was written to the platform. This file has no name, id, address or text of it, and numbers of records in coarse steps
only.

| | |
| --- | --- |
"""


def markdown(content: Mapping[str, Any]) -> str:
    """Return a document as Markdown, with what differs first."""
    requests = content["requests"]
    facts = {
        "made by": content["made_by"],
        "libraries": content["libraries"],
        "date": content["date"],
        "requests": f"{requests['read']} reads, {requests['retry']} of them retries; {requests['write']} writes",
        "result": summary(content["counts"]),
        "platform's version": "(not in the API: add it from the platform's user interface)",
    }
    lines = [_HEAD + "\n".join(f"| {name} | {fact} |" for name, fact in facts.items())]
    for answer, title in _TITLES.items():
        rows = [row for row in content["claims"] if row["answer"] == answer]
        if rows:
            lines.append(f"## {title}\n\n" + "\n".join(_table(rows, answer)))
    return "\n\n".join(lines) + "\n"


def _table(rows: Iterable[Mapping[str, Any]], answer: str) -> list[str]:
    heading = "why" if answer in (UNDECIDED, NOT_READ) else "found"
    return [
        f"| id | claim | {heading} | requests |",
        "| --- | --- | --- | --- |",
        *(f"| {row['id']} | {row['claim']} | {row['reason']} | {row['requests']} |" for row in rows),
    ]
