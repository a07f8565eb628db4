# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only code that writes comments of cases: each is looked for before it is sent once more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Dict, Sequence

from .._errors import ApiError, NotAppliedError, StellarError
from .._http.client import Client
from .._http.request import GONE_STATUSES
from .._model.comment import Comment
from .._model.plan import Plan, make_plan
from .answers import case_path
from .reader import SETTLING_S, Reader

BeforeAttempt = Callable[[], None]
# Whether the comments of a case show a write
Shows = Callable[[Sequence[Dict[str, Any]]], bool]


class Comments:
    """The comments of one case. before_attempt: called right before each attempt at a write."""

    def __init__(
        self, client: Client, reader: Reader, case_id: str, before_attempt: BeforeAttempt | None = None
    ) -> None:
        self._client, self._reader, self._case_id = client, reader, case_id
        self._before_attempt = before_attempt

    def post(self, text: str, what: str, is_new: Callable[[dict[str, Any]], bool | None]) -> None:
        """Post a comment (vendor docs 4.3.7).

        is_new: whether a comment with this text is the one posted, and none of an earlier time; None if that can't be
        told.
        """
        comment = Comment(text)

        def shows(records: Sequence[dict[str, Any]]) -> bool:
            found = [is_new(record) for record in records if comment.is_shown_by(record)]
            if any(found):
                return True
            if None in found:
                raise ApiError(what, "a comment with this text is there, and its created_at is not a time in ms.", "")
            return False

        self._write("POST", (), text, what, shows)

    def edit(self, comment_id: str, text: str, what: str) -> list[dict[str, Any]]:
        """Change the text of a comment, and return all comments then. Raises NotAppliedError if it does not show it.

        Vendor docs 4.3.7 have the path. That the body is that of a POST is not known: so the comment is read again.
        """
        comment = Comment(text)

        def is_edited(records: Sequence[dict[str, Any]]) -> bool:
            return any(record.get("_id") == comment_id and comment.is_shown_by(record) for record in records)

        self._write("PUT", (comment_id,), text, what, is_edited)
        return self._require(is_edited, what, "Edit it in the platform's user interface, or set on_difference to add.")

    def delete(self, comment_id: str, what: str) -> None:
        """Delete a comment. Raises NotAppliedError if it is still there then.

        No known text describes the answer: so the comments are read again.
        """

        def is_gone(records: Sequence[dict[str, Any]]) -> bool:
            return all(record.get("_id") != comment_id for record in records)

        try:
            self._write("DELETE", (comment_id,), None, what, is_gone)
        except ApiError as error:
            # Another user may have deleted it.
            if not error.is_answer_to(case_path(self._case_id, "comments", comment_id), *GONE_STATUSES):
                raise
        self._require(is_gone, what, "Delete it in the platform's user interface.")

    def read(self) -> list[dict[str, Any]]:
        return self._reader.comments(self._case_id)

    def settled(self, shows: Shows) -> list[dict[str, Any]]:
        """Read the comments until they show a write, for 2.5 s at most, as far as retry_budget allows."""
        records = self.read()
        for wait in SETTLING_S:
            if shows(records) or not self._client.throttle.pause(wait):
                break
            records = self.read()
        return records

    def _write(
        self,
        method: str,
        path: tuple[str, ...],
        text: str | None,
        what: str,
        shows: Shows,
    ) -> None:
        def already_applied(may_have_arrived: bool) -> bool:
            """Return whether an earlier attempt was applied. It may be so after its answer, or be listed later."""
            return shows(self.settled(shows) if may_have_arrived else self.read())

        self._client.write(
            method,
            case_path(self._case_id, "comments", *path),
            None if text is None else {"comment": text},
            what,
            already_applied=already_applied,
            before_attempt=self._before_attempt,
            accepts=_is_comment,
        )

    def _require(self, shows: Shows, what: str, remedy: str) -> list[dict[str, Any]]:
        try:
            records = self.settled(shows)
        except StellarError as error:
            error.notes.append("The platform accepted the write; reading the comments again failed.")
            error.result = {"changed": True}
            raise
        if not shows(records):
            raise NotAppliedError(what, "the platform accepted the write, but the comments do not show it.", remedy)
        return records


def _is_comment(answer: dict[str, Any]) -> bool:
    return not answer or isinstance(answer.get("data"), dict)


def without_posted(reader: Reader, case: dict[str, Any], plan: Plan) -> Plan:
    """Return a plan without the comments that the case has already by their marker. Reads its comments if need be."""
    if "comment" not in plan.after or not any(comment.marker for comment in plan.desired.comments):
        return plan
    records = reader.comments(case["_id"])
    left = tuple(
        comment
        for comment in plan.desired.comments
        if not comment.marker or not any(comment.is_marked_by(record) for record in records)
    )
    return plan if left == plan.desired.comments else make_plan(case, replace(plan.desired, comments=left))
