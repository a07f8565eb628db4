# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file of a plan without a platform: what is written, what is read, and what is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import ConflictError, InputError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.comment import Comment
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.directory import Tenant
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.plan import DesiredState, TagChange, make_plan
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.saved_plan import checksum
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.times import parse_time
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.bulk import CaseRun, case_summary
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.plan_file import PlanWriter, plan_saved, read_plan

NOW_MS = parse_time("2026-11-28T08:00:00Z", 0)
HOUR_MS = 3_600_000
ID = "a" * 24
TENANT = Tenant("t1", "T")
CASE: dict[str, Any] = {
    "_id": ID,
    "ticket_id": 7,
    "name": "Old",
    "status": "New",
    "severity": "Low",
    "assignee": "",
    "tags": ["a"],
    "cust_id": "t1",
    "modified_at": 5000,
    "modified_by_name": "ana",
}
DESIRED = DesiredState(status="In Progress", tags=TagChange(add=("b",)), comments=(Comment("Taken", "m"),))
RESULT = {
    "platform": "a.example",
    "scope": "tenant T (t1)",
    "counts": {"read": 9},
    "rules": [{"name": "R", "description": "", "finding": False, "matched": 1, "changed": 1}],
}


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "plan.json")


def planned_run(**fields: Any) -> CaseRun:
    case = {**CASE, **fields}
    case_run = CaseRun(case_summary(case), case=case, plan=make_plan(case, DESIRED), rules=["R"])
    case_run.preview()
    return case_run


def save(
    path: str, tenant: Tenant | None = TENANT, modified_at_of_case: int | None = 5000, **params: Any
) -> dict[str, Any]:
    writer = PlanWriter(
        {"plan_file": path, "rules": [{"name": "R"}], "plan_title": "Mine", **params},
        True,
        NOW_MS,
        "stellarcyber.xdr 1.0.0",
    )
    directory: Any = SimpleNamespace(tenant=lambda: tenant)
    with writer:
        compliant = CaseRun(case_summary(CASE))
        writer.finish(RESULT, directory, [planned_run(modified_at=modified_at_of_case), compliant])
    content: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return content


def read(path: str, now_ms: int = NOW_MS, **params: Any) -> Any:
    return read_plan({"plan": path, **params}, now_ms)


def refusal(path: str, now_ms: int = NOW_MS, **params: Any) -> str:
    with pytest.raises(InputError) as raised:
        read(path, now_ms, **params)
    return str(raised.value)


def test_without_a_path_nothing_is_written_or_read() -> None:
    nothing: Any = None
    with PlanWriter({}, False, NOW_MS, "") as writer:
        writer.finish(RESULT, nothing, [])
        writer.fail("nothing")
    assert read_plan({}, NOW_MS) is None


def test_a_plan_is_written_and_read(path: str) -> None:
    content = save(path)
    assert {name: content[name] for name in ("plan", "title", "created_at", "valid_until", "tenant", "scope")} == {
        "plan": 1,
        "title": "Mine",
        "created_at": "2026-11-28T08:00:00Z",
        "valid_until": "2026-11-29T08:00:00Z",
        "tenant": ["T", "t1"],
        "scope": "tenant T (t1)",
    }
    assert [entry["case_id"] for entry in content["cases"]] == [ID]
    assert os.stat(path).st_mode & 0o777 == 0o600
    saved = read(path)
    assert (saved.about["title"], saved.read, saved.guard, saved.rules) == (
        "Mine",
        9,
        "fields",
        [{"name": "R", "description": "", "finding": False}],
    )
    assert saved.cases[0].desired == DESIRED
    assert save(path, None, plan_max_age="7d")["valid_until"] == "2026-12-05T08:00:00Z"
    assert json.loads(Path(path).read_text(encoding="utf-8"))["tenant"] == []


def test_while_it_is_not_finished_and_after_an_error_there_is_no_plan(path: str) -> None:
    save(path)
    writer = PlanWriter({"plan_file": path}, True, NOW_MS, "stellarcyber.xdr 1.0.0")
    assert "the run that should have made it was interrupted. Make a new plan." in refusal(path)
    with pytest.raises(InputError), writer:
        raise InputError("Could not list", "it failed.")
    assert "ended with an error: Could not list: it failed. Make a new plan. Nothing was sent." in refusal(path)
    with pytest.raises(KeyError), writer:
        raise KeyError("a bug")
    assert "ended with an error: Could not list" in refusal(path)


@pytest.mark.parametrize(
    ("params", "check_mode", "message"),
    [
        ({}, False, "plan_file works in check mode only. Add --check, or leave it out."),
        (
            {"plan_max_age": "9999999d"},
            True,
            'plan_max_age must be a time such as 24h, at most 3650d; got "9999999d". Correct it.',
        ),
        ({"plan_max_age": "1"}, True, 'plan_max_age must be a time such as 24h, at most 3650d; got "1". Correct it.'),
        ({"plan_file": "/none/plan.json"}, True, "plan_file: /none/plan.json can't be written: No such file or dir"),
        ({"plan_file": __file__}, True, f"plan_file: {__file__} can't be written: it exists, and is not a plan. Give"),
    ],
)
def test_what_can_not_be_written(path: str, params: dict[str, Any], check_mode: bool, message: str) -> None:
    with pytest.raises(InputError) as raised:
        PlanWriter({"plan_file": path, **params}, check_mode, NOW_MS, "")
    assert str(raised.value).startswith(message)
    assert not os.path.exists(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (None, "it was changed after it was written, since its checksum is wrong."),
        ({"plan": 2}, "its format is 2, and this version of the collection knows 1."),
        ({"cases": None}, "it is not complete: cases must be a list."),
        ({"created_at": "soon"}, "it is not complete: 'soon' is not a valid time."),
        ({"rules": [{"finding": False}]}, "it is not complete: 'name'."),
        ({"counts": {}}, "it is not complete: 'read'."),
        ({"counts": {"read": float("inf")}}, "it is not complete: cannot convert float infinity to integer."),
    ],
)
def test_what_is_no_plan_is_refused(path: str, change: dict[str, Any] | None, message: str) -> None:
    content = save(path)
    changed = {**content, "title": "Other"} if change is None else {**content, **change}
    if change is not None:
        changed["sha256"] = checksum(changed)
    Path(path).write_text(json.dumps(changed), encoding="utf-8")
    assert message in refusal(path)
    Path(path).write_text("{", encoding="utf-8")
    assert "it is not a plan. Give a file that plan_file wrote." in refusal(path)
    os.unlink(path)
    assert refusal(path) == f"plan: {path} can't be read: No such file or directory. Give the path of a plan."


def test_a_plan_is_valid_as_long_as_it_says_or_as_the_task_says(path: str) -> None:
    save(path, plan_max_age="2h")
    read(path, NOW_MS + 2 * HOUR_MS)
    assert "and is valid until 2026-11-28T10:00:00Z." in refusal(path, NOW_MS + 2 * HOUR_MS + 1)
    read(path, NOW_MS + 5 * HOUR_MS, plan_max_age="5h")
    assert "it was made at 2026-11-28T08:00:00Z, and may be 5h old." in refusal(
        path, NOW_MS + 5 * HOUR_MS + 1, plan_max_age="5h"
    )


@pytest.mark.parametrize(
    ("tenant", "given", "here"),
    [
        (TENANT, "T", ""),
        (TENANT, "T1", ""),
        (TENANT, "X", "limited to tenant X"),
        (TENANT, "", "for all tenants"),
        (None, "", ""),
        (None, "T", "limited to tenant T"),
        (Tenant("t1", ""), "", "for all tenants"),
        (Tenant("t1", ""), "t1", ""),
    ],
)
def test_a_plan_is_for_its_platform_and_tenant(path: str, tenant: Tenant | None, given: str, here: str) -> None:
    save(path, tenant)
    saved = read(path)
    connection: Any = SimpleNamespace(platform="A.example", tenant=given)
    if here:
        with pytest.raises(InputError, match=f"and this run is {here}. Set tenant as for the plan, or make a new plan"):
            saved.check_origin(connection)
    else:
        saved.check_origin(connection)
    with pytest.raises(InputError, match=r"and this run is on b\.example\. Set host to that platform"):
        saved.check_origin(SimpleNamespace(platform="b.example", tenant=given))


class Reader:
    """A platform with one case, its history and its comments."""

    def __init__(self, history: Any = (), comments: Any = (), **fields: Any) -> None:
        self.case, self._history, self._comments = {**CASE, **fields}, history, comments
        self.directory = SimpleNamespace(tenant=lambda: None, assignee=None)

    def case_by_id(self, case_id: str) -> dict[str, Any]:
        return self.case

    def history(self, case: Any) -> Any:
        return self._history, ""

    def comments(self, case_id: str) -> Any:
        return self._comments


class Control:
    workers, ended = 2, ""
    progress = SimpleNamespace(read=lambda: None)

    def check_time(self) -> None:
        pass

    def skip_if_ended(self, case_run: CaseRun) -> bool:
        return False

    succeeded = interrupt = check_time

    def failed(self, error: Any) -> None:
        pass


def applied(path: str, reader: Any, guard: str = "fields") -> CaseRun:
    control: Any = Control()
    (case_run,) = plan_saved(read(path, plan_guard=guard), reader, control)
    return case_run


def test_a_case_as_it_was_is_planned_and_one_that_is_done_is_not(path: str) -> None:
    save(path)
    case_run = applied(path, Reader())
    assert case_run.plan.payload == {"status": "In Progress", "tags": {"add": ["b"]}}
    assert (case_run.is_planned, case_run.rules) == (True, ["R"])
    done = {"status": "In Progress", "tags": ["a", "b"]}
    there = [{"comment": "Taken [ansible:m]", "created_at": 1}]
    case_run = applied(path, Reader(comments=there, **done))
    assert (case_run.outcome, case_run.is_planned, case_run.to_result()["changes"]) == ("ok", False, [])


CHANGES = [
    {"field": "status", "before": "New", "after": "In Progress"},
    {"field": "tags", "before": ["a"], "after": ["a", "b"]},
    {"field": "comment", "before": None, "after": "Taken [ansible:m]"},
]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"status": "Escalated", "modified_at": 9000}, 'bo changed it at 8000 (1970-01-01 00:00:08 UTC): status is "E'),
        ({"status": "Escalated", "tags": ["b"]}, '; tags is ["b"], and was ["a"] when the plan was made. '),
        (
            {"status": "In Progress", "tags": ["b"]},
            "Did not comment on case aaaaaaaaaaaaaaaaaaaaaaaa (ticket 7): its state is as planned, and the planned "
            "comment is not on it: 'Taken'. An earlier run was ended before the comment, or others changed the case or "
            "deleted the comment. Review the case, and post the comment with stellar_case_comment if it is to be "
            "there.",
        ),
    ],
)
def test_a_case_that_is_not_as_planned_is_skipped_with_its_planned_changes(path: str, fields: Any, said: str) -> None:
    save(path)
    history = [{"field": "status", "timestamp": 8000, "user": "bo"}]
    case_run = applied(path, Reader(history, **fields))
    assert (case_run.outcome, case_run.is_planned, case_run.to_result()["changes"]) == ("skipped", False, CHANGES)
    assert said in case_run.reason


def test_the_guard_modified_at_counts_any_change(path: str) -> None:
    save(path)
    assert applied(path, Reader(), "modified_at").is_planned
    assert applied(path, Reader(modified_at=5001)).is_planned
    skipped = applied(path, Reader(modified_at=5001), "modified_at")
    assert (skipped.outcome, "modified_at was 5000" in skipped.reason) == ("skipped", True)
    # Without a time, now or in the plan, it can't be known, and the guard does not give way.
    for modified_at in (None, 9000):
        save(path, modified_at_of_case=None)
        unknown = applied(path, Reader(modified_at=modified_at), "modified_at")
        assert (unknown.outcome, unknown.is_planned) == ("skipped", False)
        assert unknown.reason.endswith("Review the case, and make a new plan if it is to be changed.")
        assert applied(path, Reader(modified_at=modified_at)).is_planned
    guard = applied(path, Reader()).guard
    assert guard is not None
    with pytest.raises(ConflictError):
        guard({**CASE, "status": "Escalated"})
