# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file of a plan: written in check mode to be approved, and applied later as it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from .._api.directory import Directory
from .._api.precondition import check_planned
from .._api.reader import Reader
from .._argspec.case import check_case_id
from .._argspec.values import age_option
from .._errors import ConflictError, InputError, OptionError, StellarError, printable
from .._http.connection import Connection, is_same_platform
from .._model.case import label
from .._model.comment import Comment, joined
from .._model.outcome import CHANGED
from .._model.plan import DesiredState, make_plan
from .._model.saved_plan import (
    CHECKSUM,
    FORMAT,
    SavedCase,
    checksum,
    digest,
    entry_of,
    make_content,
    parse_cases,
)
from .._model.times import iso_time, parse_time
from .bulk import CaseRun, RunControl, case_summary, concurrently
from .case import plan_case
from .files import read_file, replace_file

INTERRUPTED = "the run that should have made it was interrupted"
# How long a plan is valid, unless a task says otherwise
MAX_AGE = "24h"
# The same for when a case is changed
GUARD = "fields"
_OF_A_RULE = ("name", "description", "finding")
# What a result says of a plan, to which a report belongs
_ABOUT = ("title", "created_at", "valid_until", CHECKSUM)
_NEW_PLAN = "Make a new plan."
# By so much the clocks of two machines may differ, in ms.
_CLOCKS_MS = 10 * 60 * 1000


@dataclass(frozen=True)
class SavedPlan:
    """A plan that was read.

    about: what a result says of it. tenant: the name and id to which its run was limited; empty without one. rules:
    those that change cases. read: number of cases that its run read, of which max_changes can be a percentage. guard:
    "fields" or "modified_at".
    """

    path: str
    about: dict[str, str]
    platform: str
    scope: str
    tenant: list[str]
    rules: list[dict[str, Any]]
    cases: list[SavedCase]
    read: int
    guard: str

    def check_origin(self, connection: Connection) -> None:
        """Raise InputError if this is the plan of another platform or tenant. Sends nothing."""
        # Where the tenants can't be read, only the name or the id is known.
        tenants = {name.casefold() for name in self.tenant if name} or {""}
        if not is_same_platform(self.platform, connection.platform):
            here, remedy = f"on {connection.platform}", "Set host to that platform"
        elif (connection.tenant or "").casefold() not in tenants:
            here = f"limited to tenant {connection.tenant}" if connection.tenant else "for all tenants"
            remedy = "Set tenant as for the plan"
        else:
            return
        mine = printable(f"{self.platform}, {self.scope}", 200)
        raise _refused(
            self.path, f"it is for {mine}, and this run is {printable(here, 100)}.", f"{remedy}, or make a new plan."
        )


# -- write ---------------------------------------------------------------------------------------------


class PlanWriter:
    """Writes the plan of a run in check mode to a file; without a path it does nothing.

    From the start of the run until its end the file says that the run was interrupted, so that no earlier plan is
    applied instead. collection: its name and version. Raises InputError if the file can't be written.
    """

    def __init__(self, params: Mapping[str, Any], check_mode: bool, now_ms: int, collection: str) -> None:
        self._path: str | None = params.get("plan_file")
        if self._path is None:
            return
        if not check_mode:
            raise OptionError("plan_file", "works in check mode only", "Add --check, or leave it out.")
        age = age_option(params, "plan_max_age") or MAX_AGE
        self._header = {
            "collection": collection,
            "title": params.get("plan_title") or "",
            "rules_sha256": digest(params["rules"]) if params.get("rules") is not None else "",
            "created_at": iso_time(now_ms),
            "valid_until": iso_time(2 * now_ms - parse_time(age, now_ms)),
        }
        self._check_place(self._path)
        self.fail(INTERRUPTED)

    @staticmethod
    def _check_place(path: str) -> None:
        """Raise InputError for a file that is not a plan, such as the policy: it would be lost."""
        try:
            is_plan = _plan_in(path) is not None
        except FileNotFoundError:
            return
        except OSError:
            is_plan = False
        if not is_plan:
            raise InputError(
                f"plan_file: {printable(path, 200)} can't be written",
                "it exists, and is not a plan.",
                "Give another path. Nothing was sent.",
            )

    def __enter__(self) -> PlanWriter:
        return self

    def __exit__(self, _type: Any, error: BaseException | None, _traceback: Any) -> None:
        if isinstance(error, StellarError):
            self.fail(f"the run that should have made it ended with an error: {error}")

    def fail(self, why: str) -> None:
        """Write a plan that can't be applied. why: without a full stop."""
        if self._path is not None:
            self._write({**self._header, "error": why.rstrip(".")}, [])

    def finish(self, result: dict[str, Any], directory: Directory, case_runs: Sequence[CaseRun]) -> None:
        """Write the plan. result: of the run, which gets the key plan."""
        if self._path is None:
            return
        tenant = directory.tenant()
        header = {
            **self._header,
            "platform": result["platform"],
            "scope": result["scope"],
            "tenant": [] if tenant is None else [tenant.name, tenant.cust_id],
            "counts": result["counts"],
            "rules": [{name: rule[name] for name in _OF_A_RULE} for rule in result["rules"]],
        }
        planned = [each for each in case_runs if each.plan.changed and each.outcome == CHANGED]
        content = self._write(header, [entry_of(each.summary, each.case, each.plan, each.rules) for each in planned])
        result["plan"] = _about(content)

    def _write(self, header: Mapping[str, Any], cases: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        path = self._path or ""
        content = make_content(header, cases)
        text = json.dumps(content, indent=1) + "\n"
        try:
            replace_file(path, text.encode("ascii"))
        except OSError as error:
            raise InputError(
                f"plan_file: {path} can't be written",
                f"{error.strerror or error}.",
                "Give a path in a folder that exists and can be written.",
            ) from None
        return content


# -- read ----------------------------------------------------------------------------------------------


def read_plan(params: Mapping[str, Any], now_ms: int) -> SavedPlan | None:
    """Return the plan of a task, None without one. Raises InputError for a file that is no valid plan, or too old."""
    path = params.get("plan")
    if path is None:
        return None
    max_age = age_option(params, "plan_max_age")
    content = _content(path)
    if "error" in content:
        why = printable(content["error"], 600)
        raise _refused(path, why if why.endswith("?") else f"{why}.", _NEW_PLAN)
    try:
        created_at, valid_until = content["created_at"], content["valid_until"]
        created_ms, valid_ms = parse_time(created_at, now_ms), parse_time(valid_until, now_ms)
        cases = parse_cases(content)
        for case in cases:
            check_case_id(case.case_id)
        saved = SavedPlan(
            path,
            _about(content),
            str(content["platform"]),
            str(content["scope"]),
            [str(name) for name in content["tenant"]],
            [
                {**{name: str(rule[name]) for name in _OF_A_RULE}, "finding": False}
                for rule in content["rules"]
                if not rule["finding"]
            ],
            cases,
            int(content["counts"]["read"]),
            params.get("plan_guard") or GUARD,
        )
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError, InputError) as error:
        why = printable(error, 200).rstrip(".")
        raise _refused(path, f"it is not complete: {why}.", _NEW_PLAN) from None
    if created_ms > now_ms + _CLOCKS_MS:
        remedy = f"Synchronise the clocks of the machines that make and apply plans. {_NEW_PLAN}"
        raise _refused(path, f"it was made at {created_at}, and here it is {iso_time(now_ms)}.", remedy)
    is_too_old = now_ms > valid_ms if max_age is None else created_ms < parse_time(max_age, now_ms)
    if is_too_old:
        until = f"is valid until {valid_until}" if max_age is None else f"may be {max_age} old"
        raise _refused(path, f"it was made at {created_at}, and {until}.", _NEW_PLAN)
    return saved


def _about(content: Mapping[str, Any]) -> dict[str, str]:
    name, cust_id = content["tenant"] or ("", "")
    return {"tenant": str(name), "tenant_id": str(cust_id), **{name: str(content[name]) for name in _ABOUT}}


def _content(path: str) -> dict[str, Any]:
    try:
        content = _plan_in(path)
    except OSError as error:
        raise InputError(
            f"plan: {path} can't be read", f"{error.strerror or error}.", "Give the path of a plan."
        ) from None
    if content is None:
        raise _refused(path, "it is not a plan.", "Give a file that plan_file wrote.")
    if content["plan"] != FORMAT:
        shown = printable(content["plan"], 20)
        raise _refused(path, f"its format is {shown}, and this version of the collection knows {FORMAT}.", _NEW_PLAN)
    if content.get(CHECKSUM) != checksum(content):
        raise _refused(path, "it was changed after it was written, since its checksum is wrong.", _NEW_PLAN)
    return content


def _plan_in(path: str) -> dict[str, Any] | None:
    """Return the content of a file, None if it is not a plan, of whatever version. Raises OSError."""
    try:
        content = json.loads(read_file(path).decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    # Other files may have a key of that name too: a report does.
    version = content.get("plan") if isinstance(content, dict) else None
    return content if isinstance(version, int) and not isinstance(version, bool) else None


def _refused(path: str, why: str, remedy: str) -> InputError:
    return InputError(f"plan: {printable(path, 200)} can't be applied", why, f"{remedy} Nothing was sent.")


# -- apply ---------------------------------------------------------------------------------------------


def plan_saved(saved: SavedPlan, reader: Reader, control: RunControl) -> list[CaseRun]:
    """Read the cases of a plan, and plan again what each of them still lacks of it."""
    reader.directory.tenant()
    case_runs = [
        CaseRun(dict(case.summary), plan=case.plan, rules=list(case.rules), approved=case.plan) for case in saved.cases
    ]

    def read(number: int) -> None:
        case, case_run = saved.cases[number], case_runs[number]
        control.check_time()
        if control.skip_if_ended(case_run):
            return
        try:
            case_run.case = reader.case_by_id(case.case_id)
            case_run.summary = case_summary(case_run.case)
            control.progress.read()
            plan = plan_case(reader.directory, case_run.case, case.desired)
            case_run.guard = _Guard(reader, case, plan.desired, saved.guard)
            case_run.guard(case_run.case)
            case_run.plan = plan
        except ConflictError as error:
            case_run.skip(str(error), why=error.why)
        except StellarError as error:
            case_run.fail(error)
            control.failed(error)
        else:
            control.succeeded()

    concurrently(control, read, range(len(case_runs)))
    return case_runs


@dataclass(frozen=True)
class _Guard:
    """Raises ConflictError for a case that is neither as it was when its plan was made nor as planned.

    desired: of the plan, its user looked up.
    """

    reader: Reader
    saved: SavedCase
    desired: DesiredState
    kind: str

    def __call__(self, case: dict[str, Any]) -> None:
        if make_plan(case, self.desired).changed:
            check_planned(self.reader, case, self.saved, self.kind)
        elif self.desired.comments:
            self._check_comments(case)

    def _check_comments(self, case: dict[str, Any]) -> None:
        """Raise ConflictError for a case that lacks a comment of the plan, as after a run that was killed between.

        It is not posted: others may have brought the case there, or deleted the comment, of which a marker tells
        nothing either.
        """
        records = self.reader.comments(self.saved.case_id)
        together = Comment(joined(self.desired.comments))
        if any(together.is_shown_by(record) for record in records):
            return
        missing = []
        for comment in self.desired.comments:
            found = comment.is_marked_by if comment.marker else comment.is_shown_by
            if not any(found(record) for record in records):
                missing.append(repr(printable(comment.text, 60)))
        if missing:
            raise ConflictError(
                f"Did not comment on {label(case)}",
                f"its state is as planned, and the planned comment is not on it: {', '.join(missing)}. An earlier run "
                "was ended before the comment, or others changed the case or deleted the comment.",
                "Review the case, and post the comment with stellar_case_comment if it is to be there.",
            )
