# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only code that writes to the platform."""

from __future__ import annotations

import json
from typing import Any, Callable

from ansible_collections.stellarcyber.xdr.plugins.module_utils._case import label, tenant_label
from ansible_collections.stellarcyber.xdr.plugins.module_utils._client import Client
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import (
    ApiError,
    AuthenticationError,
    ConflictError,
    NotAppliedError,
    StellarError,
    TransportError,
    printable,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._plan import Change, Plan, shows_in, verify
from ansible_collections.stellarcyber.xdr.plugins.module_utils._query import format_time
from ansible_collections.stellarcyber.xdr.plugins.module_utils._read import Reader, case_in, case_path

BeforeTry = Callable[[], None]


def check_guard(case: dict[str, Any], guard: int | None) -> None:
    """Refuse a case that somebody changed after the time of the guard (ms). Raises ConflictError."""
    if guard is None:
        return
    modified_at = case.get("modified_at")
    what, remedy = (
        f"Refused to change {label(case)}",
        "Look at the case before you decide again; its new modified_at stands for its state now.",
    )
    if not isinstance(modified_at, int):
        raise ConflictError(what, "the platform does not say when it was changed.", "Leave if_modified_at out.")
    if modified_at > guard:
        who = printable(case.get("modified_by_name") or case.get("modified_by") or "somebody", 60)
        times = f"at {_moment(modified_at)}, and the change was decided on its state at {_moment(guard)}"
        raise ConflictError(what, f"{who} changed it {times}.", remedy, modified_at=modified_at)


def _moment(ms: int) -> str:
    return f"{ms} ({format_time(ms)})"


def apply_plan(
    client: Client,
    reader: Reader,
    case: dict[str, Any],
    plan: Plan,
    guard: int | None = None,
    before_try: BeforeTry | None = None,
) -> tuple[dict[str, Any], list[str]]:
    """Bring a case to its desired state with one PUT, and the comment after it.

    guard: if_modified_at in ms, kept for each try of the PUT. before_try: called before each try of a write. Returns
    the case after it and warnings. Raises NotAppliedError for what the platform silently ignored, and any
    StellarError with what was already done in its result.
    """
    what = f"Could not update {label(case)} of tenant {tenant_label(case)}"
    after = _write(client, reader, case["_id"], plan, guard, what, before_try)
    verdict = verify(plan, after)
    if verdict.missing:
        # An answer may be older than the write that it answers; the case itself decides.
        after = _read_back(reader, case["_id"])
        verdict = verify(plan, after)
    if verdict.missing:
        raise _ignored(what, plan, after, [change.field for change in verdict.missing])
    warnings = [_unsure(change, after) for change in verdict.unsure if change.field not in plan.unreadable]
    if "comment" in plan.after:
        _comment(client, reader, after, plan, before_try)
        try:
            # The comment may have moved modified_at, which the next task's if_modified_at is compared with.
            after = reader.case_by_id(case["_id"])
        except StellarError as error:
            warnings.append(f"{label(case)} was updated, but its modified_at may be older than the comment. {error}")
    return after, warnings


def _write(
    client: Client,
    reader: Reader,
    case_id: str,
    plan: Plan,
    guard: int | None,
    what: str,
    before_try: BeforeTry | None,
) -> dict[str, Any]:
    """PUT, and the case after it. Where it is unclear whether the write arrived, the case is read to see."""

    def is_done() -> bool:
        # Before a guarded write is tried again: minutes may have passed.
        current = reader.case_by_id(case_id)
        if shows_in(plan, current):
            return True
        try:
            check_guard(current, guard)
        except ConflictError as error:
            if verify(plan, current).unsure:
                # It may have been the try before, which the case can't show.
                _leave_unclear(error)
            raise
        return False

    done = None if guard is None else is_done
    try:
        after = case_in(_update(client, case_id, plan.payload, what, done, before_try))
    except (ApiError, AuthenticationError, TransportError) as error:
        if error.facts.get("unclear") or not error.may_have_arrived:
            raise
        try:
            after = reader.case_by_id(case_id)
        except StellarError:
            _leave_unclear(error)
            raise error from None
        if not shows_in(plan, after):
            if verify(plan, after).unsure:
                _leave_unclear(error)
            raise
    return after if after is not None and after["_id"] == case_id else _read_back(reader, case_id)


def _leave_unclear(error: StellarError) -> None:
    error.append("Whether the case was changed is unclear: look at it, or run again.")
    error.facts["unclear"] = True


def _update(
    client: Client,
    case_id: str,
    payload: dict[str, Any],
    what: str,
    is_done: Callable[[], bool] | None,
    before_try: BeforeTry | None,
) -> dict[str, Any]:
    if client.connection.api_version != "4.3":
        return client.write("PUT", case_path(case_id), payload, what, is_done=is_done, before_try=before_try)
    # Vendor docs 4.3: the id is a parameter, and severity is called priority.
    body = {"priority" if name == "severity" else name: value for name, value in payload.items()}
    params = [("id", case_id)]
    return client.write("POST", "cases", body, what, params=params, is_done=is_done, before_try=before_try)


def _read_back(reader: Reader, case_id: str) -> dict[str, Any]:
    try:
        return reader.case_by_id(case_id)
    except StellarError as error:
        error.result = {"changed": True}
        error.append("The platform accepted the update before; reading it back failed.")
        raise


def _ignored(what: str, plan: Plan, after: dict[str, Any], missing: list[str]) -> NotAppliedError:
    shown = "; ".join(
        f"{change.field} should be {printable(json.dumps(change.after))}"
        for change in plan.changes
        if change.field in missing
    )
    error = NotAppliedError(
        what,
        f"the platform accepted the write, but the case does not show it: {shown}.",
        f"Check that the platform's version knows {' and '.join(missing)} and that the account may set it.",
        fields=missing,
    )
    applied = [change for change in plan.changes if change.field not in missing and change.field != "comment"]
    error.result = {"changed": bool(applied), "case": after}
    return error


def _unsure(change: Change, after: dict[str, Any]) -> str:
    if change.field != "assignee":
        return unreadable_warning(change.field, after)
    shown = printable(after.get("assignee_name") or after.get("assignee"))
    return (
        f"assignee of {label(after)} can't be verified, because this key may not read the users, and the platform "
        f"shows {shown}: the task will report a change in each run. Give the assignee as the platform shows it."
    )


def unreadable_warning(name: str, case: dict[str, Any]) -> str:
    return (
        f"{name} of {label(case)} can't be compared, because the platform does not give it back: "
        "the task writes it and reports a change in each run."
    )


def _comment(client: Client, reader: Reader, after: dict[str, Any], plan: Plan, before_try: BeforeTry | None) -> None:
    text = plan.after["comment"]
    case_id = after["_id"]
    since = after.get("modified_at") or 0

    def is_done() -> bool:
        # Both times are the platform's own, so that a clock here does not matter.
        return any(
            comment.get("comment") == text and (comment.get("created_at") or 0) >= since
            for comment in reader.comments(case_id)
            if isinstance(comment, dict)
        )

    what = f"Could not post the comment on {label(after)}, which was updated already"
    path = case_path(case_id, "comments")
    try:
        client.write("POST", path, {"comment": text}, what, is_done=is_done, before_try=before_try)
    except StellarError as error:
        error.result = {"changed": True, "case": after}
        look = "Look whether it is there; if not, post" if error.facts.get("unclear") else "Post"
        error.append(f"A next run finds the case in its state and posts nothing. {look} it by hand.")
        raise
