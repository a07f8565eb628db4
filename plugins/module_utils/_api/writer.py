# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only code that updates cases on the platform. What it posts on them is in comments.py."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Callable, Dict, NamedTuple, Sequence

from .._errors import (
    ApiError,
    AuthenticationError,
    ConflictError,
    NotAppliedError,
    StellarError,
    TransportError,
    printable,
)
from .._http.client import Client
from .._model.case import label, modified_at, moment, tenant_label
from .._model.concurrent_changes import (
    FIELDS,
    Edit,
    conflict_warning,
    in_history,
    overwritten_edits,
    quoted_value,
    shown_value,
    visible_edits,
    with_authors,
)
from .._model.plan import Change, DesiredState, Plan, Verification, verify
from .answers import case_in, case_path
from .comments import BeforeAttempt, Comments
from .precondition import check_unmodified
from .reader import SETTLING_S, Reader

# Raises ConflictError for a case that may not be written
Guard = Callable[[Dict[str, Any]], None]

# The fields that an answer to a PUT must have, if the case has them, to be the whole case
_WHOLE = (*FIELDS, "ticket_id", "cust_id", "modified_at", "created_at")


class Applied(NamedTuple):
    """A case after its plan was applied.

    concurrent_changes: changes by others. None if the history was to be read and could not be, and nothing else
    showed any.
    unmodified_since: modified_at in ms for the undo of the plan: later changes are those of others. None if it is not
    known.
    """

    case: dict[str, Any]
    warnings: list[str]
    concurrent_changes: list[Edit] | None
    unmodified_since: int | None


def apply_plan(
    client: Client,
    reader: Reader,
    case: dict[str, Any],
    plan: Plan,
    unmodified_since: int | None = None,
    before_attempt: BeforeAttempt | None = None,
    reads_history: bool = False,
    guard: Guard | None = None,
) -> Applied:
    """Bring a case to its desired state with one PUT, and the comment after it.

    unmodified_since: if_unmodified_since in ms, checked before each attempt at the PUT. before_attempt: called before
    each attempt at a write. reads_history: read the case's history after the PUT, even if nothing shows that others
    changed it. guard: checks the case in place of unmodified_since.

    Raises NotAppliedError for a field that the platform silently ignored, and any StellarError, whose result has what
    was already done.
    """
    return _Update(client, reader, case, plan, unmodified_since, before_attempt, reads_history, guard).run()


class WriteOutcome(Enum):
    """The outcome of the PUT, and so what the case that is known after it shows."""

    # The answer contains the case as the write left it.
    ANSWERED = auto()
    # The answer says that it was done, or the case's history does, and the case has to be read.
    ACCEPTED = auto()
    # The answer may be another server's. The case has to be read to know.
    DOUBTFUL = auto()
    # The case was read after the write.
    READ_BACK = auto()
    # The same, and it also shows changes that others made after the write. Undo must not overwrite them.
    OVERTAKEN = auto()


@dataclass
class _Update:
    client: Client
    reader: Reader
    case: dict[str, Any]
    plan: Plan
    unmodified_since: int | None
    before_attempt: BeforeAttempt | None
    reads_history: bool
    guard: Guard | None

    def __post_init__(self) -> None:
        self.what = f"Could not update {label(self.case)} of tenant {tenant_label(self.case)}"
        self.concurrent_changes: list[Edit] | None = []
        self.warnings: list[str] = []

    def run(self) -> Applied:
        outcome, after = self._put()
        if after is None or (outcome is WriteOutcome.ANSWERED and verify(self.plan, after).missing):
            # An answer may be older than the write that it answers; the case itself decides.
            outcome, after = WriteOutcome.READ_BACK, self._read_back(outcome)
        self._detect_edits(after)
        if outcome is WriteOutcome.READ_BACK and any(edit.kept for edit in self.concurrent_changes or ()):
            outcome = WriteOutcome.OVERTAKEN
        unmodified_since = modified_at(self.case) if outcome is WriteOutcome.OVERTAKEN else self._time_of_write(after)
        unverifiable = [
            change for change in verify(self.plan, after).unverifiable if change.field not in self.plan.write_only
        ]
        self.warnings += [_unverifiable_warning(change, after) for change in unverifiable]
        if "comment" in self.plan.after:
            self._comment(after)
            after, unmodified_since = self._read_after_comment(outcome, after, unmodified_since)
        if self.concurrent_changes:
            self.warnings.append(conflict_warning(self.case, self.concurrent_changes))
        return Applied(after, self.warnings, self.concurrent_changes, unmodified_since)

    def _put(self) -> tuple[WriteOutcome, dict[str, Any] | None]:
        """Send the PUT. Returns its outcome, and the case after it if that is known already."""
        already_applied = None if self.unmodified_since is None else self._already_applied
        try:
            path = case_path(self.case["_id"])
            answer = self.client.write(
                "PUT",
                path,
                self.plan.payload,
                self.what,
                already_applied=already_applied,
                before_attempt=self.before_attempt,
            )
        except ConflictError as error:
            # An earlier attempt may have arrived, and others may have changed the case after it.
            if error.may_have_arrived and self._arrived(error, Verification()):
                return WriteOutcome.ACCEPTED, None
            raise
        except (ApiError, AuthenticationError, TransportError) as error:
            if error.outcome_unknown or not error.may_have_arrived:
                raise
            return WriteOutcome.READ_BACK, self._find_lost_write(error)
        case = case_in(answer)
        if case is not None and case["_id"] == self.case["_id"]:
            is_whole = all(name in case for name in _WHOLE if name in self.case)
            return (WriteOutcome.ANSWERED, case) if is_whole else (WriteOutcome.ACCEPTED, None)
        # An empty answer says that it was done; one of another shape may be another server's.
        return (WriteOutcome.ACCEPTED if not answer or "data" in answer else WriteOutcome.DOUBTFUL), None

    def _find_lost_write(self, error: StellarError) -> dict[str, Any]:
        """Return the case after a write without an answer, if the case or its history shows that the write arrived.

        Otherwise raises the error of the write, with what the case shows.
        """
        try:
            after = self._read_settled()
        except StellarError as read_error:
            _leave_unknown(error, f"Reading the case again failed as well: {read_error.why}")
            raise error from None
        verification = verify(self.plan, after)
        is_modified = modified_at(after) != modified_at(self.case)
        if _shows_all(verification) or (is_modified and self._arrived(error, verification)):
            return after
        if error.outcome_unknown:  # as the history could not be read
            raise error
        if verification.made:
            _leave_unknown(error, "The case was read again and shows a part of the update, maybe by others.")
        elif verification.unverifiable:
            _leave_unknown(error)
        elif is_modified or visible_edits(self.case, Plan(DesiredState()), after):
            error.notes.append("The case was read again and does not show the update.")
        else:
            error.notes.append("The case was read again and is unchanged.")
        raise error

    def _read_settled(self) -> dict[str, Any]:
        """Read the case until it shows the write, for 2.5 s at most, as far as retry_budget allows."""
        after = self.reader.case_by_id(self.case["_id"])
        for wait in SETTLING_S:
            if not self._is_as_before(after) or not self.client.throttle.pause(wait):
                break
            after = self.reader.case_by_id(self.case["_id"])
        return after

    def _is_as_before(self, after: dict[str, Any]) -> bool:
        """Return whether a case, read after a write, shows nothing that happened since it was read for the plan."""
        return (
            modified_at(after) == modified_at(self.case)
            and not verify(self.plan, after).made
            and not visible_edits(self.case, Plan(DesiredState()), after)
        )

    def _time_of_write(self, after: dict[str, Any]) -> int | None:
        """Return modified_at of a case after the write in ms; None where it is that of the time before."""
        before, written_at = modified_at(self.case), modified_at(after)
        return written_at if before is None or (written_at is not None and written_at > before) else None

    def _read_back(self, outcome: WriteOutcome) -> dict[str, Any]:
        try:
            return self._read_settled()
        except StellarError as error:
            if outcome is WriteOutcome.DOUBTFUL:
                _leave_unknown(error)
            else:
                error.notes.append("The platform accepted the update; reading it back failed.")
            error.result = {"changed": True}
            raise

    def _read_after_comment(
        self, outcome: WriteOutcome, after: dict[str, Any], unmodified_since: int | None
    ) -> tuple[dict[str, Any], int | None]:
        """Return the case after the comment, and its modified_at in ms, which the comment may have moved."""
        try:
            later = self._read_settled()
        except StellarError as error:
            text = f"{label(after)} was updated, but its modified_at may be older than the comment. {error}"
            self.warnings.append(text)
            return after, None
        if self._is_as_before(later):
            # Not an edit: the read lags behind the write.
            return after, None
        edits = visible_edits(after, Plan(DesiredState()), later)
        if edits:
            self.concurrent_changes = [*(self.concurrent_changes or ()), *edits]
        elif outcome is not WriteOutcome.OVERTAKEN:
            unmodified_since = self._time_of_write(later)
        return later, unmodified_since

    def _already_applied(self, _may_have_arrived: bool) -> bool:
        """Return whether an earlier attempt arrived. Raises ConflictError if others changed the case since its read."""
        current = self.reader.case_by_id(self.case["_id"])
        verification = verify(self.plan, current)
        if _shows_all(verification):
            return True
        try:
            if self.guard is None:
                check_unmodified(current, self.unmodified_since)
            else:
                self.guard(current)
        except ConflictError as error:
            if verification.made:
                _leave_unknown(error, "The case shows a part of the update, which may be that of this task.")
            elif verification.unverifiable:
                # It may be the earlier attempt, which the case can't show.
                _leave_unknown(error)
            raise
        return False

    def _arrived(self, error: StellarError, verification: Verification) -> bool:
        """Return whether the history has a write that the case does not show any more. verification: what it shows."""
        history, why = self.reader.history(self.case)
        if history is None:
            _leave_unknown(error, why)
            return False
        written = [change for change in self.plan.changes if change.field in self.plan.payload]
        return all(
            change in verification.made or in_history(self.case, self.plan, change, history) for change in written
        )

    def _detect_edits(self, after: dict[str, Any]) -> None:
        """Find the changes by others. Raises NotAppliedError for a planned field that nothing shows was set."""
        case, plan = self.case, self.plan
        edits = visible_edits(case, plan, after)
        if not edits and not self.reads_history:
            return
        history, why = self.reader.history(self.case)
        ignored = [
            change.field for change in verify(plan, after).missing if not in_history(case, plan, change, history or [])
        ]
        edits = [edit for edit in edits if edit.field not in ignored]
        # Without the history, an edit may be there that the case does not show.
        self.concurrent_changes = None if history is None and self.reads_history and not edits else edits
        if ignored:
            error = self._ignored(after, ignored)
            if history is None and self._is_as_before(after):
                _leave_unknown(error, why)
            raise error
        if history is not None:
            self.concurrent_changes = overwritten_edits(case, plan, history) + with_authors(edits, case, plan, history)
        elif self.reads_history:
            text = f"Could not determine whether others changed {label(case)} between its read and its update. {why}"
            self.warnings.append(f"{text} Check the case's history.")

    def _ignored(self, after: dict[str, Any], missing: list[str]) -> NotAppliedError:
        planned = {change.field: change for change in self.plan.changes}
        # A platform may store another value than the one that was written: tags in lower case, a longer name cut.
        moved = [name for name in missing if shown_value(after, name) != shown_value(self.case, name)]
        shown_as = "; ".join(
            f"{name} must be {quoted_value(planned[name].after)}, and is {quoted_value(shown_value(after, name))}"
            for name in missing
        )
        error = NotAppliedError(
            self.what,
            f"the platform accepted the write, but the case does not show it: {shown_as}.",
            f"Check that the platform's version has {' and '.join(missing)}, and that the account may set it.",
            fields=missing,
        )
        error.may_have_arrived = True
        applied = [name for name in planned if name not in (*missing, "comment")]
        error.result = {
            "changed": bool(applied or moved),
            "case": after,
            "concurrent_changes": as_results(self.concurrent_changes),
        }
        return error

    def _comment(self, after: dict[str, Any]) -> None:
        since = modified_at(after) or 0
        what = f"Could not post the comment on {label(after)}, which was updated already"

        def is_new(comment: dict[str, Any]) -> bool | None:
            """Return whether a comment came after the update; None if it has no time. It may give whole seconds."""
            time = moment(comment, "created_at")
            # Both times are the platform's, so that the clock here does not matter.
            return None if time is None else time >= (since if time % 1000 else since // 1000 * 1000)

        comments = Comments(self.client, self.reader, after["_id"], self.before_attempt)
        try:
            comments.post(self.plan.after["comment"], what, is_new)
        except StellarError as error:
            error.result = {"changed": True, "case": after, "concurrent_changes": as_results(self.concurrent_changes)}
            check = "Check whether it is there; if not, post" if error.outcome_unknown else "Post"
            advice = f"A retry will not post it, because the case already matches. {check} it by hand."
            error.remedy = f"{error.remedy} {advice}".lstrip()
            raise


def _shows_all(verification: Verification) -> bool:
    """Return whether a case shows all of a write that had no answer. Some of it may be changes by others."""
    return bool(verification.made) and not verification.missing


def as_results(edits: Sequence[Edit] | None) -> list[dict[str, Any]] | None:
    return None if edits is None else [edit.to_result() for edit in edits]


def _leave_unknown(error: StellarError, *known: str) -> None:
    if not error.outcome_unknown:
        error.notes += (*known, "It is unknown whether the case was changed: check it, or run again.")
    error.details["outcome_unknown"] = True


def _unverifiable_warning(change: Change, after: dict[str, Any]) -> str:
    if change.field != "assignee":
        return write_only_warning(change.field, after)
    name = printable(after.get("assignee_name") or after.get("assignee"))
    return (
        f"assignee of {label(after)} can't be verified, because this key has no permission to read the users, and "
        f"the platform shows {name}: the task will report a change in each run. Give the assignee as the platform "
        "shows it."
    )


def write_only_warning(name: str, case: dict[str, Any]) -> str:
    return (
        f"{name} of {label(case)} can't be compared, because the platform does not return it: "
        "the task writes it and reports a change in each run."
    )
