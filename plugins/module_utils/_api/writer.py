# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only code that writes to the platform."""

from __future__ import annotations

import json
from dataclasses import dataclass
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
    named,
    replaced,
    shown,
    told,
    was_made,
)
from .._model.plan import Change, Desired, Plan, Verdict, verify
from .._model.times import format_time
from .answers import case_in, case_path
from .reader import Reader

BeforeTry = Callable[[], None]


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
        raise ConflictError(what, "the platform does not say when it was changed.", "Leave if_modified_at out.")
    if changed_at > guard:
        who = printable(case.get("modified_by_name") or case.get("modified_by") or "somebody", 60)
        meant = f"the change is meant for the case as last modified at {_moment(guard)} or earlier"
        why = f"{who} changed it at {_moment(changed_at)}, and {meant}."
        raise ConflictError(what, why, remedy, modified_at=changed_at)


def _moment(ms: int) -> str:
    return f"{ms} ({format_time(ms)})"


class Applied(NamedTuple):
    """A case after its plan was carried out.

    meanwhile: what others changed. None if the history was to be read and could not be, and nothing else showed any.
    guard: modified_at in ms for what undoes the plan: later changes are somebody else's. None if that is not known.
    """

    case: dict[str, Any]
    warnings: list[str]
    meanwhile: list[Edit] | None
    guard: int | None


def apply_plan(
    client: Client,
    reader: Reader,
    case: dict[str, Any],
    plan: Plan,
    guard: int | None = None,
    before_try: BeforeTry | None = None,
    watched: bool = False,
) -> Applied:
    """Bring a case to its desired state with one PUT, and the comment after it.

    guard: if_modified_at in ms, kept for each try of the PUT. before_try: called before each try of a write. watched:
    look into the case's history after the PUT, even if nothing shows that others changed it.

    Raises NotAppliedError for what the platform silently ignored, and any StellarError with what was already done in
    its result.
    """
    return _Update(client, reader, case, plan, guard, before_try, watched).run()


@dataclass
class _Update:
    client: Client
    reader: Reader
    case: dict[str, Any]
    plan: Plan
    guard: int | None
    before_try: BeforeTry | None
    watched: bool

    def __post_init__(self) -> None:
        self.what = f"Could not update {label(self.case)} of tenant {tenant_label(self.case)}"
        self.meanwhile: list[Edit] = []
        self.is_blind = False
        self.warnings: list[str] = []
        self.is_accepted = True

    def run(self) -> Applied:
        plan = self.plan
        after, is_answer = self._put()
        if after is None or (is_answer and verify(plan, after).missing):
            # An answer may be older than the write that it answers; the case itself decides.
            after, is_answer = self._read_back(), False
        self._look(after)
        # A case that was read back also shows what others did after the PUT: undo lets it alone.
        is_ours = is_answer or not any(edit.kept for edit in self.meanwhile)
        guard = modified_at(after if is_ours else self.case)
        unsure = [change for change in verify(plan, after).unsure if change.field not in plan.unreadable]
        self.warnings += [_unsure(change, after) for change in unsure]
        if "comment" in plan.after:
            self._comment(after)
            try:
                # The comment may have moved modified_at, which the next task's if_modified_at is compared with.
                later = self.reader.case_by_id(self.case["_id"])
            except StellarError as error:
                text = f"{label(after)} was updated, but its modified_at may be older than the comment. {error}"
                self.warnings.append(text)
                guard = None
            else:
                edits = shown(after, Plan(Desired()), later)
                self.meanwhile += edits
                if is_ours and not edits:
                    guard = modified_at(later)
                after = later
        if self.meanwhile:
            self.warnings.append(told(self.case, self.meanwhile))
        return Applied(after, self.warnings, self._seen(), guard)

    def _put(self) -> tuple[dict[str, Any] | None, bool]:
        """PUT; the case after it, if that is known already, and whether it is the answer to the PUT.

        Where it is unclear whether the write arrived, the case is read to see.
        """
        plan = self.plan
        is_done = None if self.guard is None else self._is_done
        try:
            answer = _update(self.client, self.case["_id"], plan.payload, self.what, is_done, self.before_try)
        except ConflictError as error:
            # An earlier try may have arrived all the same, so that somebody changed what was written already.
            if not error.may_have_arrived or not self._was_made(error, Verdict()):
                raise
            return None, False
        except (ApiError, AuthenticationError, TransportError) as error:
            if error.facts.get("unclear") or not error.may_have_arrived:
                raise
            try:
                after = self.reader.case_by_id(self.case["_id"])
            except StellarError as look:
                _leave_unclear(error, f"Reading the case again failed as well: {look.why} ")
                raise error from None
            verdict = verify(plan, after)
            is_touched = modified_at(after) != modified_at(self.case)
            if not _is_all_made(verdict) and not (is_touched and self._was_made(error, verdict)):
                if error.facts.get("unclear"):
                    raise
                if verdict.made:
                    _leave_unclear(error, "The case was read again and shows some of the update, maybe by others. ")
                elif verdict.unsure:
                    _leave_unclear(error)
                elif is_touched or shown(self.case, Plan(Desired()), after):
                    error.insert("The case was read again, and the update is not in it.")
                else:
                    error.insert("The case was read again and is unchanged.")
                raise
            return after, False
        # An empty answer says that it was done; one of another shape may be another server's.
        self.is_accepted = not answer or "data" in answer
        answered = case_in(answer)
        return (answered, True) if answered and answered["_id"] == self.case["_id"] else (None, False)

    def _read_back(self) -> dict[str, Any]:
        try:
            return self.reader.case_by_id(self.case["_id"])
        except StellarError as error:
            if self.is_accepted:
                error.append("The platform accepted the update before; reading it back failed.")
            else:
                _leave_unclear(error)
            error.result = {"changed": True}
            raise

    def _is_done(self) -> bool:
        """Before a guarded write is tried again: minutes may have passed."""
        current = self.reader.case_by_id(self.case["_id"])
        verdict = verify(self.plan, current)
        if _is_all_made(verdict):
            return True
        try:
            check_guard(current, self.guard)
        except ConflictError as error:
            if verdict.made:
                _leave_unclear(error, "The case shows some of the update, so that this may have been the task itself. ")
            elif verdict.unsure:
                # It may have been the try before, which the case can't show.
                _leave_unclear(error)
            raise
        return False

    def _was_made(self, error: StellarError, verdict: Verdict) -> bool:
        """Look in the history whether a write arrived that the case does not show any more. verdict: what it shows."""
        history, why = self._history()
        if history is None:
            _leave_unclear(error, f"{why} ")
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

    def _look(self, after: dict[str, Any]) -> None:
        """Find out what others changed. Raises NotAppliedError for what nobody did: neither the platform nor others."""
        case, plan = self.case, self.plan
        missing = verify(plan, after).missing
        self.meanwhile = shown(case, plan, after)
        if not self.meanwhile and not self.watched:
            return
        history, why = self._history()
        self.is_blind = history is None and self.watched
        ignored = [change.field for change in missing if not was_made(case, plan, change, history or [])]
        if ignored:
            self.meanwhile = [edit for edit in self.meanwhile if edit.field not in ignored]
            raise self._ignored(after, ignored)
        if history is not None:
            self.meanwhile = replaced(case, plan, history) + named(self.meanwhile, case, plan, history)
        elif self.watched:
            text = f"Whether others changed {label(case)} between its read and its update could not be seen. {why}"
            self.warnings.append(f"{text} Look at the case's history.")

    def _seen(self) -> list[Edit] | None:
        return None if self.is_blind and not self.meanwhile else self.meanwhile

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
        error.result = {"changed": bool(applied), "case": after, "meanwhile": as_results(self._seen())}
        return error

    def _comment(self, after: dict[str, Any]) -> None:
        text = self.plan.after["comment"]
        case_id = after["_id"]
        since = modified_at(after) or 0

        def is_done() -> bool:
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
        write = partial(self.client.write, is_done=is_done, before_try=self.before_try, is_answer=_is_comment)
        try:
            write("POST", path, {"comment": text}, what)
        except StellarError as error:
            error.result = {"changed": True, "case": after, "meanwhile": as_results(self._seen())}
            look = "Look whether it is there; if not, post" if error.facts.get("unclear") else "Post"
            error.append(f"A next run finds the case in its state and posts nothing. {look} it by hand.")
            raise


def _is_all_made(verdict: Verdict) -> bool:
    """Whether the write, of which no answer came, arrived. Some of it may also be what others did."""
    return bool(verdict.made) and not verdict.missing


def _is_comment(answer: dict[str, Any]) -> bool:
    return not answer or isinstance(answer.get("data"), dict)


def as_results(edits: Sequence[Edit] | None) -> list[dict[str, Any]] | None:
    return None if edits is None else [edit.to_result() for edit in edits]


def _leave_unclear(error: StellarError, why: str = "") -> None:
    if not error.facts.get("unclear"):
        error.insert(f"{why}Whether the case was changed is unclear: look at it, or run again.")
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
