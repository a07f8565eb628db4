# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A comment that is on a case once, for the module stellar_case_comment."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from .._api.comments import Comments
from .._api.reader import Reader
from .._argspec.case import check_case_id
from .._argspec.comment import once_only_comment
from .._errors import InputError, StellarError, printable
from .._model.case import label
from .._model.comment import Comment, CommentPlan, plan_comment
from .._model.directory import Person
from .case import Connect, OnSecret, connected, named_case, origin


def run_comment(
    params: dict[str, Any], check_mode: bool, on_secret: OnSecret, connect: Connect | None = None
) -> dict[str, Any]:
    """Bring one comment of a case to its desired state, for the module stellar_case_comment."""
    wanted = once_only_comment(params)
    if params.get("case_id") is not None:
        check_case_id(params["case_id"])
    with connected(params, on_secret, connect) as reader:
        task = _Task(reader, named_case(reader, params), wanted, params)
        try:
            task.plan()
            if not check_mode:
                task.apply()
        except StellarError as error:
            changed = bool(task.has_written or error.result.get("changed") or error.outcome_unknown)
            error.result = {**task.result, **error.result, "changed": changed, "requests": reader.client.requests}
            raise
        return {**origin(reader), **task.result, "requests": reader.client.requests}


class _Task:
    """One run of stellar_case_comment.

    result: of the module, as far as it is known. has_written: whether something was written, and not all may be.
    """

    def __init__(self, reader: Reader, case: dict[str, Any], wanted: Comment, params: dict[str, Any]) -> None:
        self._reader, self._case, self._wanted = reader, case, wanted
        self._params = params
        self._comments = Comments(reader.client, reader, case["_id"])
        self._author: Person | None = None
        self._before: Sequence[Mapping[str, Any]] = ()
        self._plan = CommentPlan("")
        self.has_written = False
        self.result: dict[str, Any] = {
            "changed": False,
            "case_id": case["_id"],
            "ticket_id": case.get("ticket_id"),
            "comment": None,
            "matched": 0,
            "author_checked": False,
            "warnings": [],
        }

    def plan(self) -> None:
        """Compare, and set the result of check mode. Raises InputError where on_difference is fail."""
        if self._params["author"] == "me":
            self._author = self._reader.directory.own_account()
            if self._author is None and self._params["state"] == "absent":
                raise InputError(
                    f"Did not delete a comment of {label(self._case)}",
                    "it can't be known which comments are those of this key.",
                    "Set username to the account's e-mail. The key must be able to read the users.",
                )
            if self._author is None:
                self._warn(
                    "author is me, and it can't be known which comments are those of this key: those of all users "
                    "count. Set username, or set author to anyone."
                )
        self.result["author_checked"] = self._author is not None
        self._before = self._comments.read()
        self._plan = self._planned(self._before)
        matched, is_present = self._plan.matched, self._params["state"] == "present"
        self.result.update(
            changed=self._plan.action != "",
            matched=len(matched),
            comment=matched[0] if matched and is_present else None,
            diff=self._diff(),
        )
        if self._plan.action == "refuse":
            self._refuse()
        if self._plan.action == "delete" and len(matched) > 1 and not self._wanted.marker:
            self._refuse_several()
        if self._plan.action in ("post", "edit"):
            shown = {**(matched[0] if self._plan.action == "edit" else {}), "comment": self._wanted.posted}
            self.result["comment"] = shown
        elif is_present:
            self._warn_of_twins(matched)
        if self._plan.kept:
            ids = ", ".join(printable(record.get("_id"), 60) for record in self._plan.kept)
            self._warn(
                f"{label(self._case)} keeps a comment ({ids}) with the marker {self._wanted.marker}: it says more than "
                "the comment that this marker was posted with. Delete it in the platform's user interface."
            )

    def apply(self) -> None:
        """Make the change of the plan, and set the comment that the platform shows after it."""
        action, text = self._plan.action, self._wanted.posted
        where = f"the comment on {label(self._case)}"
        if action == "post":
            earlier = {record.get("_id") for record in self._before}
            self._comments.post(text, f"Could not post {where}", is_new=lambda record: record.get("_id") not in earlier)
            self._read_back()
        elif action == "edit":
            self._show(self._comments.edit(str(self._plan.matched[0].get("_id")), text, f"Could not edit {where}"))
        for record in self._plan.matched if action == "delete" else ():
            self._comments.delete(str(record.get("_id")), f"Could not delete {where}")
            self.has_written = True

    def _planned(self, records: Sequence[Mapping[str, Any]]) -> CommentPlan:
        return plan_comment(
            records, self._wanted, self._author, self._params["on_difference"], self._params["state"] == "present"
        )

    def _read_back(self) -> None:
        try:
            self._show(self._comments.settled(lambda records: self._planned(records).action == ""))
        except StellarError as error:
            self._warn(f"The comment was posted; reading it back failed. {error}")

    def _show(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Set the result to the comment as it is now, and tell of one that another run posted at the same time."""
        shown = [record for record in records if self._wanted.is_shown_by(record)]
        if not shown:
            self._warn("The platform accepted the comment, and does not list it yet.")
            return
        found = self._planned(records).matched
        self.result["comment"] = (found or shown)[0]
        self._warn_of_twins(found)

    def _warn_of_twins(self, found: Sequence[Mapping[str, Any]]) -> None:
        if len(found) > 1 and self._params["on_difference"] != "add":
            ids = ", ".join(printable(record.get("_id"), 60) for record in found)
            self._warn(
                f"{label(self._case)} has the comment {len(found)} times ({ids}): two runs posted it at the same time, "
                "and the platform has no conditional write. Delete the later one."
            )

    def _refuse(self) -> None:
        ids = ", ".join(printable(record.get("_id"), 60) for record in self._plan.matched)
        raise InputError(
            f"Did not comment on {label(self._case)}",
            f"it has a comment ({ids}) with the marker {self._wanted.marker} and another text.",
            "Give the same text, another marker, or set on_difference to add or edit.",
        )

    def _refuse_several(self) -> None:
        ids = ", ".join(printable(record.get("_id"), 60) for record in self._plan.matched)
        raise InputError(
            f"Did not delete a comment of {label(self._case)}",
            f"it has {len(self._plan.matched)} comments with this text ({ids}).",
            "Give marker instead of comment, or delete them in the platform's user interface.",
        )

    def _diff(self) -> dict[str, Any]:
        action, matched = self._plan.action, self._plan.matched
        texts = [str(record.get("comment")) for record in matched]
        after = {
            "post": [*texts, self._wanted.posted],
            "edit": [self._wanted.posted, *texts[1:]],
            "refuse": [self._wanted.posted],
            "delete": [],
        }.get(action, texts)
        header = f"comment on case {printable(self._case.get('ticket_id', self._case['_id']), 20)}"
        return {
            "before_header": header,
            "after_header": header,
            # Not as lines: Ansible prints each as it is, and a log of CI may take one for a command.
            "before": {"comments": texts},
            "after": {"comments": after},
        }

    def _warn(self, text: str) -> None:
        self.result["warnings"].append(text)
