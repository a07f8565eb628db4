# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only code that writes to the platform."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from typing import Any, Callable, NamedTuple, Sequence

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
    Edit,
    History,
    conflict_warning,
    named,
    replaced,
    shown,
    was_made,
)
from .._model.plan import Change, Desired, Plan, Verdict, verify
from .._model.times import format_time
from .answers import case_in, case_path
from .reader import Reader

BeforeAttempt = Callable[[], None]


def check_guard(case: dict[str, Any], guard: int | None) -> None:
    """Refuse a case that somebody changed after the time of the guard (ms). Raises ConflictError."""
    if guard is None:
        return
    changed_at = modified_at(case)
    what, remedy = (
        f"Refused to change {label(case)}",
        "Look at the case before you decide again; its new modified_at stands for its state now.",
    )
    if changed_at is None:
        raise ConflictError(what, "the platform does not say when it was changed.", "Leave if_unmodified_since out.")
    if changed_at > guard:
        who = printable(case.get("modified_by_name") or case.get("modified_by") or "somebody", 60)
        meant = f"the change is meant for the case as last modified at {_moment(guard)} or earlier"
        why = f"{who} changed it at {_moment(changed_at)}, and {meant}."
        raise ConflictError(what, why, remedy, modified_at=changed_at)


def _moment(ms: int) -> str:
    return f"{ms} ({format_time(ms)})"


class Applied(NamedTuple):
    """A case after its plan was carried out.

    concurrent_changes: what others changed. None if the history was to be read and could not be, and nothing else
    showed any.
    guard: modified_at in ms for what undoes the plan: later changes are somebody else's. None if that is not known.
    """

    case: dict[str, Any]
    warnings: list[str]
    concurrent_changes: list[Edit] | None
    guard: int | None


def apply_plan(
    client: Client,
    reader: Reader,
    case: dict[str, Any],
    plan: Plan,
    guard: int | None = None,
    before_attempt: BeforeAttempt | None = None,
    watched: bool = False,
) -> Applied:
    """Bring a case to its desired state with one PUT, and the comment after it.

    guard: if_unmodified_since in ms, kept for each attempt at the PUT. before_attempt: called before each attempt at a
    write. watched: look into the case's history after the PUT, even if nothing shows that others changed it.

    Raises NotAppliedError for what the platform silently ignored, and any StellarError with what was already done in
    its result.
    """
    return _Update(client, reader, case, plan, guard, before_attempt, watched).run()


class WriteOutcome(Enum):
    """What became of the PUT, and so what the case that is known after it stands for."""

    # The answer holds the case as the write left it.
    ANSWERED = auto()
    # The answer says that it was done, or the case's history does, and the case has to be read.
    ACCEPTED = auto()
    # The answer may be another server's. The case has to be read to know.
    DOUBTFUL = auto()
    # The case was read after the write.
    READ_BACK = auto()
    # The same, and it also shows what others did after the write. Undo must let that alone.
    OVERTAKEN = auto()


@dataclass
class _Update:
    client: Client
    reader: Reader
    case: dict[str, Any]
    plan: Plan
    guard: int | None
    before_attempt: BeforeAttempt | None
    watched: bool

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
        guard = modified_at(self.case if outcome is WriteOutcome.OVERTAKEN else after)
        unsure = [change for change in verify(self.plan, after).unsure if change.field not in self.plan.unreadable]
        self.warnings += [_unsure(change, after) for change in unsure]
        if "comment" in self.plan.after:
            self._comment(after)
            after, guard = self._read_after_comment(outcome, after, guard)
        if self.concurrent_changes:
            self.warnings.append(conflict_warning(self.case, self.concurrent_changes))
        return Applied(after, self.warnings, self.concurrent_changes, guard)

    def _put(self) -> tuple[WriteOutcome, dict[str, Any] | None]:
        """PUT; what became of it, and the case after it, if that is known already."""
        already_applied = None if self.guard is None else self._already_applied
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
            # An earlier attempt may have arrived all the same, so that somebody changed what was written already.
            if error.may_have_arrived and self._was_made(error, Verdict()):
                return WriteOutcome.ACCEPTED, None
            raise
        except (ApiError, AuthenticationError, TransportError) as error:
            if error.outcome_unknown or not error.may_have_arrived:
                raise
            return WriteOutcome.READ_BACK, self._find_write(error)
        case = case_in(answer)
        if case is not None and case["_id"] == self.case["_id"]:
            return WriteOutcome.ANSWERED, case
        # An empty answer says that it was done; one of another shape may be another server's.
        return (WriteOutcome.ACCEPTED if not answer or "data" in answer else WriteOutcome.DOUBTFUL), None

    def _find_write(self, error: StellarError) -> dict[str, Any]:
        """Return the case after a write without an answer that arrived, by what it or its history shows.

        Else raises the error of the write, with what was seen.
        """
        try:
            after = self.reader.case_by_id(self.case["_id"])
        except StellarError as look:
            _leave_unknown(error, f"Reading the case again failed as well: {look.why}")
            raise error from None
        verdict = verify(self.plan, after)
        is_touched = modified_at(after) != modified_at(self.case)
        if _is_all_made(verdict) or (is_touched and self._was_made(error, verdict)):
            return after
        if error.outcome_unknown:  # as the history could not be read
            raise error
        if verdict.made:
            _leave_unknown(error, "The case was read again and shows some of the update, maybe by others.")
        elif verdict.unsure:
            _leave_unknown(error)
        elif is_touched or shown(self.case, Plan(Desired()), after):
            error.notes.append("The case was read again, and the update is not in it.")
        else:
            error.notes.append("The case was read again and is unchanged.")
        raise error

    def _read_back(self, outcome: WriteOutcome) -> dict[str, Any]:
        try:
            return self.reader.case_by_id(self.case["_id"])
        except StellarError as error:
            if outcome is WriteOutcome.DOUBTFUL:
                _leave_unknown(error)
            else:
                error.notes.append("The platform accepted the update before; reading it back failed.")
            error.result = {"changed": True}
            raise

    def _read_after_comment(
        self, outcome: WriteOutcome, after: dict[str, Any], guard: int | None
    ) -> tuple[dict[str, Any], int | None]:
        """Return the case and its guard again: the comment may have moved modified_at, which the next task goes by."""
        try:
            later = self.reader.case_by_id(self.case["_id"])
        except StellarError as error:
            text = f"{label(after)} was updated, but its modified_at may be older than the comment. {error}"
            self.warnings.append(text)
            return after, None
        edits = shown(after, Plan(Desired()), later)
        if edits:
            self.concurrent_changes = [*(self.concurrent_changes or ()), *edits]
        elif outcome is not WriteOutcome.OVERTAKEN:
            guard = modified_at(later)
        return later, guard

    def _already_applied(self) -> bool:
        """Before another attempt at a guarded write: minutes may have passed."""
        current = self.reader.case_by_id(self.case["_id"])
        verdict = verify(self.plan, current)
        if _is_all_made(verdict):
            return True
        try:
            check_guard(current, self.guard)
        except ConflictError as error:
            if verdict.made:
                _leave_unknown(error, "The case shows some of the update, so that this may have been the task itself.")
            elif verdict.unsure:
                # It may have been the attempt before, which the case can't show.
                _leave_unknown(error)
            raise
        return False

    def _was_made(self, error: StellarError, verdict: Verdict) -> bool:
        """Look in the history whether a write arrived that the case does not show any more. verdict: what it shows."""
        history, why = self._history()
        if history is None:
            _leave_unknown(error, why)
            return False
        written = [change for change in self.plan.changes if change.field in self.plan.payload]
        return all(change in verdict.made or was_made(self.case, self.plan, change, history) for change in written)

    def _history(self) -> tuple[History | None, str]:
        """The case's history, or why it can't be read: not every version has it, nor may every key read it."""
        try:
            entries = self.reader.included(self.case, "activities")
            return [entry for entry in entries if isinstance(entry, dict)], ""
        except StellarError as error:
            return None, f"{error.what}: {error.why}"

    def _detect_edits(self, after: dict[str, Any]) -> None:
        """Find out what others changed. Raises NotAppliedError for what nobody did: neither the platform nor others."""
        case, plan = self.case, self.plan
        edits = shown(case, plan, after)
        if not edits and not self.watched:
            return
        history, why = self._history()
        ignored = [
            change.field for change in verify(plan, after).missing if not was_made(case, plan, change, history or [])
        ]
        edits = [edit for edit in edits if edit.field not in ignored]
        # Without the history, that no edit shows does not mean that there was none.
        self.concurrent_changes = None if history is None and self.watched and not edits else edits
        if ignored:
            raise self._ignored(after, ignored)
        if history is not None:
            self.concurrent_changes = replaced(case, plan, history) + named(edits, case, plan, history)
        elif self.watched:
            text = f"Whether others changed {label(case)} between its read and its update could not be seen. {why}"
            self.warnings.append(f"{text} Look at the case's history.")

    def _ignored(self, after: dict[str, Any], missing: list[str]) -> NotAppliedError:
        shown_as = "; ".join(
            f"{change.field} should be {printable(json.dumps(change.after))}"
            for change in self.plan.changes
            if change.field in missing
        )
        error = NotAppliedError(
            self.what,
            f"the platform accepted the write, but the case does not show it: {shown_as}.",
            f"Check that the platform's version knows {' and '.join(missing)} and that the account may set it.",
            fields=missing,
        )
        applied = [change for change in self.plan.changes if change.field not in (*missing, "comment")]
        error.result = {
            "changed": bool(applied),
            "case": after,
            "concurrent_changes": as_results(self.concurrent_changes),
        }
        return error

    def _comment(self, after: dict[str, Any]) -> None:
        text = self.plan.after["comment"]
        case_id = after["_id"]
        since = modified_at(after) or 0

        def already_applied() -> bool:
            times = [
                moment(comment, "created_at")
                for comment in self.reader.comments(case_id)
                if isinstance(comment, dict) and str(comment.get("comment")).strip() == text.strip()
            ]
            # Both times are the platform's own, so that a clock here does not matter. It may give whole seconds.
            if any(time is not None and time >= (since if time % 1000 else since // 1000 * 1000) for time in times):
                return True
            if None in times:
                raise ApiError(what, "a comment like it is there, and its created_at is no time in ms.", "")
            return False

        what = f"Could not post the comment on {label(after)}, which was updated already"
        path = case_path(case_id, "comments")
        write = partial(
            self.client.write, already_applied=already_applied, before_attempt=self.before_attempt, accepts=_is_comment
        )
        try:
            write("POST", path, {"comment": text}, what)
        except StellarError as error:
            error.result = {"changed": True, "case": after, "concurrent_changes": as_results(self.concurrent_changes)}
            look = "Look whether it is there; if not, post" if error.outcome_unknown else "Post"
            advice = f"A next run finds the case in its state and posts nothing. {look} it by hand."
            error.remedy = f"{error.remedy} {advice}".lstrip()
            raise


def _is_all_made(verdict: Verdict) -> bool:
    """Whether the write, of which no answer came, arrived. Some of it may also be what others did."""
    return bool(verdict.made) and not verdict.missing


def _is_comment(answer: dict[str, Any]) -> bool:
    return not answer or isinstance(answer.get("data"), dict)


def as_results(edits: Sequence[Edit] | None) -> list[dict[str, Any]] | None:
    return None if edits is None else [edit.to_result() for edit in edits]


def _leave_unknown(error: StellarError, *known: str) -> None:
    if not error.outcome_unknown:
        error.notes += (*known, "Whether the case was changed is unclear: look at it, or run again.")
    error.details["outcome_unknown"] = True


def _unsure(change: Change, after: dict[str, Any]) -> str:
    if change.field != "assignee":
        return unreadable_warning(change.field, after)
    name = printable(after.get("assignee_name") or after.get("assignee"))
    return (
        f"assignee of {label(after)} can't be verified, because this key may not read the users, and the platform "
        f"shows {name}: the task will report a change in each run. Give the assignee as the platform shows it."
    )


def unreadable_warning(name: str, case: dict[str, Any]) -> str:
    return (
        f"{name} of {label(case)} can't be compared, because the platform does not give it back: "
        "the task writes it and reports a change in each run."
    )
