# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each module and plugin does: run(params, check_mode) -> result. Knows nothing of AnsibleModule."""

from __future__ import annotations

import time
from dataclasses import asdict, replace
from typing import Any, Callable

from ansible_collections.stellarcyber.xdr.plugins.module_utils._apply import apply_plan
from ansible_collections.stellarcyber.xdr.plugins.module_utils._case import (
    CLOSED_STATUSES,
    Person,
    bad_tag,
    is_case_id,
    label,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._client import Client
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import (
    ApiError,
    ConflictError,
    InputError,
    StellarError,
    TransportError,
    printable,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._options import STATE_OPTIONS, Connection
from ansible_collections.stellarcyber.xdr.plugins.module_utils._plan import (
    Desired,
    Plan,
    TagChange,
    final_status,
    make_plan,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._query import (
    DAY_MS,
    TIME_FORMS,
    Query,
    Sorting,
    format_time,
    parse_time,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._read import Reader

OnSecret = Callable[[str], Any]


def run_case(params: dict[str, Any], check_mode: bool, on_secret: OnSecret) -> dict[str, Any]:
    """stellar_case: bring one case to its desired state."""
    now_ms = _now_ms()
    desired = _desired(params)
    guard = _time(params, "if_modified_at", now_ms)
    if params.get("case_id") is not None:
        _check_case_id(params["case_id"])
    with Client(Connection.from_params(params), on_secret) as client:
        reader = Reader(client, now_ms)
        if params.get("case_id") is not None:
            case = reader.case_by_id(params["case_id"])
        else:
            case = reader.case_by_ticket(params["ticket_id"])
        if desired.assignee is not None:
            desired = replace(desired, assignee=reader.assignee(desired.assignee.given, case))
        _check_resolution(case, desired)
        plan = make_plan(case, desired)
        warnings = [_unreadable_warning(name, case) for name in plan.unreadable]
        if plan.changed:
            _check_guard(case, guard)
        try:
            if plan.changed and not check_mode:
                after, more = apply_plan(client, reader, case, plan)
                warnings += more
            else:
                after = plan.outcome(case)
        except StellarError as error:
            error.result.update(_report(case, plan, client), warnings=warnings)
            raise
        return dict(_report(case, plan, client), changed=plan.changed, case=after, warnings=warnings)


def run_case_info(params: dict[str, Any], check_mode: bool, on_secret: OnSecret) -> dict[str, Any]:
    """stellar_case_info: read cases. check_mode makes no difference."""
    reading = _Reading(params, _now_ms())
    for case_id in params.get("case_id") or []:
        _check_case_id(case_id)
    includes = list(dict.fromkeys(params.get("include") or []))
    if params.get("count_only") and (includes or reading.limit is not None or reading.names_cases):
        raise InputError("Option count_only", "can't be combined with include, limit or ids.", "Use it with filters.")
    with Client(Connection.from_params(params), on_secret) as client:
        reader = Reader(client, reading.now_ms)
        if params.get("count_only"):
            return {"changed": False, "count": reader.count(reading.query(reader)), "retries": client.retries}
        if reading.names_cases:
            cases, missing = _named_cases(reader, params)
            truncated = False
        else:
            cases, truncated = reader.find(reading.query(reader), reading.sorting, reading.limit)
            missing = []
        errors = _include(reader, cases, includes)
        return {
            "changed": False,
            "cases": cases,
            "count": len(cases),
            "truncated": truncated,
            "missing": missing,
            "include_errors": errors,
            "retries": client.retries,
            "warnings": [error["msg"] for error in errors],
        }


def run_lookup(terms: list[str], params: dict[str, Any]) -> list[Any]:
    """The lookup stellar_cases: tags as terms; cases, their ids, or a count."""
    reading = _Reading(dict(params, tags=terms or None), _now_ms())
    wanted = params.get("result") or "cases"
    if wanted == "count" and reading.limit is not None:
        raise InputError("Option limit", "can't be combined with result=count.", "Leave one of them out.")
    with Client(Connection.from_params(params)) as client:
        reader = Reader(client, reading.now_ms)
        query = reading.query(reader)
        if wanted == "count":
            return [reader.count(query)]
        cases, _truncated = reader.find(query, reading.sorting, reading.limit)
        return [case["_id"] for case in cases] if wanted == "ids" else cases


class _Reading:
    """The checked options of a query. query() needs the platform, to know people and the tenant."""

    def __init__(self, params: dict[str, Any], now_ms: int) -> None:
        self.now_ms = now_ms
        self.limit = params.get("limit")
        if self.limit is not None and self.limit < 1:
            raise InputError(
                "Option limit", f"is {self.limit}.", "Give a number from 1, or leave it out for all cases."
            )
        self.names_cases = params.get("case_id") is not None or params.get("ticket_id") is not None
        self.sorting = Sorting(params.get("sort") or "created_at", params.get("order") == "desc")
        self._assignee = _filter(params, "assignee")
        self._not_modified_by = _filter(params, "not_modified_by")
        self._query = Query(
            status=_filter(params, "status"),
            severity=_filter(params, "severity"),
            tags=_tags(_filter(params, "tags"), "tags"),
            not_tags=_tags(_filter(params, "not_tags"), "not_tags"),
            min_score=params.get("min_score"),
            max_score=params.get("max_score"),
            min_size=params.get("min_size"),
            created_after=_time(params, "created_after", now_ms),
            created_before=_time(params, "created_before", now_ms),
            modified_after=_time(params, "modified_after", now_ms),
            modified_before=_time(params, "modified_before", now_ms),
        )
        self._check_ranges()

    def _check_ranges(self) -> None:
        for name in ("min_score", "max_score"):
            score = getattr(self._query, name)
            if score is not None and not 0 <= score <= 100:
                raise InputError(f"Option {name}", f"is {score:g}.", "A score is from 0 to 100.")
        for name in ("created_after", "modified_after"):
            if (getattr(self._query, name) or 0) > self.now_ms + DAY_MS:
                raise InputError(f"Option {name}", "lies in the future, where no case is.", "Correct the time.")
        for low, high in (
            ("min_score", "max_score"),
            ("created_after", "created_before"),
            ("modified_after", "modified_before"),
        ):
            start, end = getattr(self._query, low), getattr(self._query, high)
            if start is not None and end is not None and start > end:
                raise InputError(f"Options {low} and {high}", "leave no room between them.", "Swap or correct them.")

    def query(self, reader: Reader) -> Query:
        return replace(
            self._query,
            assignee=tuple(reader.person(given) for given in self._assignee),
            not_modified_by=tuple(reader.person(given) for given in self._not_modified_by),
            tenant=reader.tenant(),
        )


def _named_cases(reader: Reader, params: dict[str, Any]) -> tuple[list[dict[str, Any]], list[Any]]:
    """The cases of case_id and ticket_id, in that order, each once; and the ids that name none."""
    cases: dict[str, dict[str, Any]] = {}
    missing: list[Any] = []
    for case_id in params.get("case_id") or []:
        try:
            cases[case_id] = reader.case_by_id(case_id)
        except ApiError as error:
            if error.status != 404:
                raise
            missing.append(case_id)
    for ticket_id in params.get("ticket_id") or []:
        found = reader.cases_by_ticket(ticket_id)
        cases.update((case["_id"], case) for case in found)
        if not found:
            missing.append(ticket_id)
    return list(cases.values()), missing


def _include(reader: Reader, cases: list[dict[str, Any]], includes: list[str]) -> list[dict[str, Any]]:
    """Add the included parts to each case; one that can't be read is null and named in what is returned."""
    errors = []
    for case in cases:
        for part in includes:
            try:
                case[part] = reader.included(case["_id"], part)
            except (ApiError, TransportError) as error:
                case[part] = None
                errors.append({"case_id": case["_id"], "include": part, "msg": str(error)})
    return errors


def _report(case: dict[str, Any], plan: Plan, client: Client) -> dict[str, Any]:
    header = f"case {printable(case.get('ticket_id', case['_id']), 20)}"
    return {
        "changes": [asdict(change) for change in plan.changes],
        "diff": {"before_header": header, "after_header": header, "before": plan.before, "after": plan.after},
        "retries": client.retries,
    }


def _desired(params: dict[str, Any]) -> Desired:
    """The desired state of a task, checked before anything is sent."""
    name, comment, status = params.get("name"), params.get("comment"), params.get("status")
    for option, text in (("name", name), ("comment", comment)):
        if text is not None and not text.strip():
            raise InputError(f"Option {option}", "is empty.", "Leave it out, or give a text.")
    update_alerts = params.get("update_alerts")
    if update_alerts is not None and status not in CLOSED_STATUSES:
        raise InputError(
            "Option update_alerts",
            "works only with a status that closes the case.",
            f"Set status to {' or '.join(CLOSED_STATUSES)}.",
        )
    assignee = params.get("assignee")
    if all(params.get(option) is None for option in STATE_OPTIONS):
        raise InputError(
            "The task",
            "declares no state of the case.",
            f"Set at least one of {', '.join(STATE_OPTIONS)}. A comment is posted only when something else changes.",
        )
    return Desired(
        status=status,
        severity=params.get("severity"),
        name=name,
        description=params.get("description"),
        resolution=params.get("resolution"),
        assignee=None if assignee is None else Person(assignee.strip()),
        tags=_tag_change(params.get("tags")),
        update_alerts=update_alerts,
        comment=comment,
    )


def _tag_change(tags: dict[str, Any] | None) -> TagChange | None:
    if tags is None:
        return None
    add, delete, exactly = (_tags(_plain_list(tags, name), f"tags.{name}") for name in ("add", "delete", "set"))
    both = [tag for tag in add if tag in delete]
    if both:
        raise InputError("Option tags", f"adds and deletes {', '.join(map(repr, both))}.", "Choose one of them.")
    return TagChange(add, delete, None if tags.get("set") is None else exactly)


def _tags(tags: tuple[str, ...], option: str) -> tuple[str, ...]:
    for tag in tags:
        why = bad_tag(tag)
        if why:
            remedy = "Give each tag as an item of its own."
            if option == "tags.delete":
                remedy = "Name the tags to keep in tags.set: it removes all others, such a one too."
            raise InputError(f"Option {option}", f"tag {printable(tag)!r} {why}.", remedy)
    return tags


def _plain_list(params: dict[str, Any], name: str) -> tuple[str, ...]:
    """Plain str, each once: ansible-core's tagged strings must not reach requests."""
    items = params.get(name) or ()
    for item in items:
        if not isinstance(item, (str, int, float)):
            raise InputError(f"Option {name}", f"has an item that is no text: {printable(item)!r}.", "Give texts.")
    return tuple(dict.fromkeys(str.__str__(item) if isinstance(item, str) else str(item) for item in items))


def _filter(params: dict[str, Any], name: str) -> tuple[str, ...]:
    """The values of a filter. An empty list, as from a variable that came out empty, would find all cases."""
    if params.get(name) is not None and not params[name]:
        raise InputError(f"Option {name}", "is an empty list, which no case matches.", "Leave it out for all cases.")
    return _plain_list(params, name)


def _time(params: dict[str, Any], name: str, now_ms: int) -> int | None:
    value = params.get(name)
    if value is None:
        return None
    try:
        return parse_time(value, now_ms)
    except (ValueError, OverflowError) as error:
        raise InputError(f"Option {name}", f"{error}.", TIME_FORMS) from None


def _check_case_id(case_id: str) -> None:
    if not is_case_id(case_id):
        raise InputError(
            "Option case_id",
            f"{printable(case_id)!r} is no id of a case: it has letters, digits, - and _ only.",
            "Give the case's _id as the platform returns it, or ticket_id.",
        )


def _check_resolution(case: dict[str, Any], desired: Desired) -> None:
    status = final_status(case, desired)
    if desired.resolution is not None and status != "Resolved":
        raise InputError(
            "Option resolution",
            f"belongs to status Resolved, and {label(case)} would be {status}.",
            "Set status to Resolved.",
        )


def _check_guard(case: dict[str, Any], guard: int | None) -> None:
    modified_at = case.get("modified_at") or 0
    if guard is not None and modified_at > guard:
        who = case.get("modified_by_name") or case.get("modified_by") or "somebody"
        raise ConflictError(
            f"Refused to change {label(case)}",
            f"{printable(who, 60)} changed it at {_moment(modified_at)}, after if_modified_at: {_moment(guard)}.",
            "Look at the case, then run again with its modified_at.",
            modified_at=modified_at,
        )


def _unreadable_warning(name: str, case: dict[str, Any]) -> str:
    return (
        f"{name} of {label(case)} can't be compared, because the platform does not give it back: "
        "the task writes it and reports a change in each run."
    )


def _moment(ms: int) -> str:
    return f"{ms} ({format_time(ms)})"


def _now_ms() -> int:
    return int(time.time() * 1000)
