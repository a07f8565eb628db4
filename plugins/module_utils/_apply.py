# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only code that writes to the platform."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.stellarcyber.xdr.plugins.module_utils._case import label, tenant_label
from ansible_collections.stellarcyber.xdr.plugins.module_utils._client import Client
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import (
    ApiError,
    NotAppliedError,
    StellarError,
    TransportError,
    printable,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._plan import Plan, verify
from ansible_collections.stellarcyber.xdr.plugins.module_utils._read import Reader, case_in, case_path


def apply_plan(client: Client, reader: Reader, case: dict[str, Any], plan: Plan) -> tuple[dict[str, Any], list[str]]:
    """Bring a case to its desired state with one PUT, and the comment after it.

    Returns the case after it and warnings. Raises NotAppliedError for what the platform silently ignored,
    and any StellarError with what was already done in its result.
    """
    what = f"Could not update {label(case)} of tenant {tenant_label(case)}"
    after = _write(client, reader, case["_id"], plan, what)
    verdict = verify(plan, after)
    if verdict.missing:
        raise _ignored(what, plan, after, [change.field for change in verdict.missing])
    if "comment" in plan.after:
        _comment(client, reader, after, plan)
        # The comment may have moved modified_at, which the next task's if_modified_at is compared with.
        after = reader.case_by_id(case["_id"])
    shown = printable(after.get("assignee_name") or after.get("assignee"))
    return after, [
        f"{field} of {label(case)} can't be verified, because this key may not read the users, and the platform "
        f"shows {shown}: the task will report a change in each run. Give the assignee as the platform shows it."
        for field in verdict.unsure
    ]


def _write(client: Client, reader: Reader, case_id: str, plan: Plan, what: str) -> dict[str, Any]:
    """PUT, and the case after it. Where it is unclear whether the write arrived, the case is read to see."""
    try:
        after = case_in(_update(client, case_id, plan.payload, what))
    except (ApiError, TransportError) as error:
        status = error.facts.get("status") or 0
        if 300 <= status < 500:
            raise
        try:
            after = reader.case_by_id(case_id)
        except StellarError:
            error.args = (f"{error} Whether the case was changed is unclear: look at it, or run again.",)
            raise error from None
        if verify(plan, after).missing:
            raise
    if after is None or after["_id"] != case_id:
        after = reader.case_by_id(case_id)
    return after


def _update(client: Client, case_id: str, payload: dict[str, Any], what: str) -> dict[str, Any]:
    if client.connection.api_version != "4.3":
        return client.put(case_path(case_id), payload, what)
    # Vendor docs 4.3: the id is a parameter, and severity is called priority.
    body = {"priority" if name == "severity" else name: value for name, value in payload.items()}
    return client.post_update("cases", [("id", case_id)], body, what)


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


def _comment(client: Client, reader: Reader, after: dict[str, Any], plan: Plan) -> None:
    text = plan.after["comment"]
    case_id = after["_id"]
    since = after.get("modified_at") or 0

    def is_there() -> bool:
        # Both times are the platform's own, so that a clock here does not matter.
        return any(
            comment.get("comment") == text and (comment.get("created_at") or 0) >= since
            for comment in reader.comments(case_id)
            if isinstance(comment, dict)
        )

    what = f"Could not post the comment on {label(after)}, which was updated already"
    try:
        client.post_once(case_path(case_id, "comments"), {"comment": text}, what, is_there)
    except StellarError as error:
        error.result = {"changed": True, "case": after}
        error.args = (f"{error} A next run finds the case in its state and posts nothing: post it by hand.",)
        raise
