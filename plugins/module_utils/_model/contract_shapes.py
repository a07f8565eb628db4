# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What records of the platform show of the claims of docs/api.md: fields, types and forms, never a value.

Records are as the platform sends them, before normalise().
"""

from __future__ import annotations

from typing import Any, Iterable, Mapping, Sequence

from .accounts import TENANT_FIELDS
from .case import SEVERITIES, STATUSES, is_platform_id, why_not_case
from .contract import Answer, coarse, confirmed, differs, undecided
from .times import SMALLEST_MS, platform_time

Record = Mapping[str, Any]

# Vendor docs 5.2: those of the sample answer
CASE_FIELDS = (
    *("_id", "acknowledged", "assignee", "closed", "created_at", "created_by", "cust_id", "modified_at", "modified_by"),
    *("name", "score", "severity", "size", "status", "tags", "ticket_id", "version"),
)
# Of cases elsewhere in the vendor's docs, samples and clients
_MORE_CASE_FIELDS = (
    *("assignee_name", "created_by_name", "modified_by_name", "tenant_name", "tenant_group_name"),
    *("start_timestamp", "end_timestamp", "resolution", "description", "summary", "priority", "incident_score"),
)
CASE_TIMES = ("acknowledged", "closed", "created_at", "end_timestamp", "modified_at", "start_timestamp")
CASE_NUMBERS = ("score", "size", "ticket_id", "version")
USER_FIELDS = ("user_id", "email", "priv_profile_id")
USER_NAMES = ("username", "user_name", "name", "display_name")
_TENANT_CLAIM = ("cust_id", "cust_name", "tgrp_name", "ds_num", "user_num")
# The fields whose names an answer may have; others are counted
KNOWN_FIELDS = frozenset((*CASE_FIELDS, *_MORE_CASE_FIELDS, *USER_FIELDS, *USER_NAMES, *TENANT_FIELDS))

NO_CASE = "There is no case."
NO_RECORD = "The list is empty."


def type_name(value: Any) -> str:
    """Return the JSON type of a value."""
    for name, types in (("null", type(None)), ("boolean", bool), ("number", (int, float)), ("text", str)):
        if isinstance(value, types):
            return name
    return "list" if isinstance(value, list) else "object"


def time_form(value: Any) -> str:
    """Return the form of a time; '' for one that can't tell, such as 0 for never."""
    if value in (0, None) or isinstance(value, bool):
        return "" if not isinstance(value, bool) else "boolean"
    if isinstance(value, (int, float)):
        return "milliseconds" if value >= SMALLEST_MS else "seconds"
    if isinstance(value, str):
        if value.strip().isdecimal():
            return "a number as text"
        return "text" if platform_time(value) is None else "ISO 8601"
    return type_name(value)


def user_form(value: Any) -> str:
    """Return how a value names a user."""
    if not isinstance(value, str):
        return type_name(value)
    return "an id" if is_platform_id(value) else "an e-mail" if "@" in value else "a name"


def _fields(forms: Iterable[tuple[str, str]]) -> str:
    """Return 'a, b: form' for each form; forms: pairs of field and form that were seen."""
    by_form: dict[str, list[str]] = {}
    for name, form in sorted(set(forms)):
        by_form.setdefault(form, []).append(name)
    return "; ".join(f"{', '.join(names)}: {form}" for form, names in sorted(by_form.items()))


def _present(records: Sequence[Record], wanted: Sequence[str], extra: Sequence[str] = ()) -> Answer:
    """Return whether all records have the wanted fields, and which others there are."""
    absent = [name for name in wanted if any(name not in record for record in records)]
    others = {name for record in records for name in record} - set(wanted)
    known = sorted(others & set(extra) & KNOWN_FIELDS)
    parts = [f"Not in each record: {', '.join(absent)}."] if absent else []
    if known:
        parts.append(f"Also: {', '.join(known)}.")
    unknown = len(others) - len(known)
    if unknown:
        parts.append(f"Other fields: {unknown}.")
    return (differs if absent else confirmed)(" ".join(parts))


# -- cases -------------------------------------------------------------------------------------------------


def case_records(records: Sequence[Any]) -> Answer:
    """Answer whether all records are cases."""
    if not records:
        return undecided(NO_CASE)
    odd = [record for record in records if why_not_case(record)]
    if not odd:
        return confirmed()
    kinds = {why_not_case(record).split(" ", 1)[0] if isinstance(record, dict) else type_name(record) for record in odd}
    return differs(f"{coarse(len(odd))} of {coarse(len(records))} are not, by: {', '.join(sorted(kinds))}.")


def case_fields(cases: Sequence[Record]) -> Answer:
    return _present(cases, CASE_FIELDS, _MORE_CASE_FIELDS)


def case_times(cases: Sequence[Record]) -> Answer:
    """Answer in which form times are."""
    forms = [(name, time_form(case.get(name))) for case in cases for name in CASE_TIMES]
    others = [(name, form) for name, form in forms if form not in ("", "milliseconds")]
    if others:
        return differs(f"{_fields(others)}.")
    return confirmed() if any(form for _name, form in forms) else undecided("No case shows a time.")


def case_numbers(cases: Sequence[Record]) -> Answer:
    """Answer whether numbers are numbers."""
    forms = [(name, type_name(case[name])) for case in cases for name in CASE_NUMBERS if name in case]
    others = [(name, form) for name, form in forms if form != "number"]
    if others:
        return differs(f"{_fields(others)}.")
    return confirmed() if forms else undecided("No case shows a number.")


def case_tags(cases: Sequence[Record]) -> Answer:
    """Answer which form the tags have, above all for a case without any."""
    shown = [case.get("tags", "absent") for case in cases]
    forms = {"absent" if held == "absent" else type_name(held) for held in shown}
    if forms != {"list"}:
        return differs(f"In some cases: {', '.join(sorted(forms - {'list'}))}.")
    return confirmed() if [] in shown else undecided("All cases that were read have tags.")


def case_values(cases: Sequence[Record]) -> Answer:
    """Answer whether status and severity have known values."""
    others = [
        name
        for name, known in (("status", STATUSES), ("severity", SEVERITIES))
        for case in cases
        if case.get(name) not in (None, *known)
    ]
    if not others:
        return confirmed()
    return differs(f"Other values of {', '.join(sorted(set(others)))}, in cases: {coarse(len(others))}.")


def case_shows(cases: Sequence[Record], field: str, wanted: bool) -> Answer:
    """Answer whether cases show a field, which the claim says or denies."""
    count = sum(field in case for case in cases)
    where = "In no case." if not count else "In each case." if count == len(cases) else "In some cases."
    return (confirmed if (count > 0) is wanted else differs)(where)


def case_assignee(cases: Sequence[Record]) -> Answer:
    """Answer how cases name their assignees."""
    assigned = [case for case in cases if case.get("assignee")]
    if not assigned:
        return undecided("No case that was read is assigned.")
    ids = sorted({user_form(case["assignee"]) for case in assigned})
    names = sorted({user_form(case["assignee_name"]) if "assignee_name" in case else "absent" for case in assigned})
    reason = f"assignee: {', '.join(ids)}; assignee_name: {', '.join(names)}."
    return (confirmed if ids == ["an id"] and "absent" not in names else differs)(reason)


def case_unassigned(cases: Sequence[Record]) -> Answer:
    """Answer how cases show that they are unassigned."""
    forms = {
        '""' if case.get("assignee") == "" else "null" if "assignee" in case else "absent"
        for case in cases
        if not case.get("assignee")
    }
    if not forms:
        return undecided("All cases that were read are assigned.")
    return confirmed() if forms == {'""'} else differs(f"assignee: {', '.join(sorted(forms - {chr(34) * 2}))}.")


# -- parts, users and tenants ------------------------------------------------------------------------------


def comment_users(comments: Sequence[Any]) -> Answer:
    """Answer how comments name their users."""
    forms = sorted({user_form(one.get("user")) for one in comments if isinstance(one, dict)})
    if not forms:
        return undecided("The cases that were read have no comment.")
    return (confirmed if forms == ["an id"] else differs)(f"user: {', '.join(forms)}.")


def user_fields(users: Sequence[Record]) -> Answer:
    found = _present(users, USER_FIELDS, USER_NAMES)
    if not any(name in user for user in users for name in USER_NAMES):
        return differs(f"{found.reason} No name by a known key.".strip())
    return found


def tenant_fields(tenants: Sequence[Record]) -> Answer:
    return _present(tenants, _TENANT_CLAIM, TENANT_FIELDS)


def tenant_times(tenants: Sequence[Record]) -> Answer:
    """Answer in which form the time of a tenant is."""
    forms = {time_form(tenant.get("created_at")) for tenant in tenants} - {""}
    if not forms:
        return undecided("No tenant shows it.")
    return confirmed() if forms == {"seconds"} else differs(f"created_at: {', '.join(sorted(forms))}.")


def listed_once(ids: Sequence[str]) -> Answer:
    """Answer whether a list has each id once."""
    twice = len(ids) - len(set(ids))
    return differs(f"{coarse(twice)} of {coarse(len(ids))} are there again.") if twice else confirmed()


def all_listed(ids: Sequence[str], named: Iterable[str]) -> Answer:
    """Answer whether a list has all, as far as the ids that cases name can show it.

    That it has those proves nothing of others, and one that it does not have may be deleted.
    """
    absent = len(set(named) - set(ids))
    if absent:
        return undecided(f"Cases name {coarse(absent)} that it does not have, and that may be deleted.")
    return undecided("It has all that the cases name, and there may be others.")
