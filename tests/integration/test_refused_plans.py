# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""stellar_cases with files that are no plan for it, and options that do not fit: refused before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.saved_plan import checksum
from tests.integration.many import CLINIC_ID, run
from tests.integration.saved_plans import RULES, planned, read
from tests.simulator.process import Simulator

ID = f"{1:024x}"


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "plan.json")


def write(path: str, content: dict[str, Any]) -> None:
    """Write a plan that holds together."""
    Path(path).write_text(json.dumps({**content, "sha256": checksum(content)}), encoding="utf-8")


def edited(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda content: {**content, **changes}


def with_case(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda content: {**content, "cases": [{**content["cases"][0], **changes}]}


def without(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda content: {key: value for key, value in content.items() if key != name}


REFUSED: dict[str, tuple[Callable[[dict[str, Any]], dict[str, Any]], dict[str, Any], str]] = {
    "another platform": (
        edited(platform="other.example.com"),
        {},
        "it is for other.example.com, all tenants, and this",
    ),
    "another tenant": (
        edited(tenant=["Acme", CLINIC_ID], scope="tenant Acme"),
        {},
        ", tenant Acme, and this run is for",
    ),
    "one tenant": (
        edited(),
        {"tenant": "Example Clinic"},
        "and this run is limited to tenant Example Clinic. Set te",
    ),
    "too old": (edited(valid_until="2026-11-01T00:00:00Z"), {}, "and is valid until 2026-11-01T00:00:00Z. Make a new"),
    "too old for the task": (edited(created_at="2026-11-01T00:00:00Z"), {"plan_max_age": "1h"}, ", and may be 1h old."),
    "another format": (edited(plan=2), {}, "its format is 2, and this version of the collection knows 1."),
    "no cases": (without("cases"), {}, "it is not complete: cases must be a list."),
    "no time": (without("created_at"), {}, "it is not complete: 'created_at'."),
    "no counts": (without("counts"), {}, "it is not complete: 'counts'."),
    "an id": (with_case(case_id="../users"), {}, "it is not complete: "),
    "a case twice": (lambda content: {**content, "cases": content["cases"][:1] * 2}, {}, "a case is in it twice."),
    "no set": (with_case(set={}), {}, "case 1: it sets nothing."),
    "another key": (with_case(set={"score": 5}), {}, "case 1: set has the key score."),
    "a wrong status": (with_case(set={"status": "Gone"}), {}, "case 1: set.status is not valid."),
    "a guard less": (with_case(match={}), {}, "case 1: match does not fit set."),
    "wrong tags": (with_case(set={"tags": {"add": "x", "remove": []}}, match={}), {}, "add must be a list of strings."),
    "wrong comments": (with_case(comments=["x"]), {}, "case 1: a comment is not valid."),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_plan_that_can_not_be_applied_is_refused_before_anything_is_sent(
    sim: Simulator, path: str, what: str
) -> None:
    change, options, message = REFUSED[what]
    write(path, change(planned(sim, path)))
    done = run(sim, plan=path, **options)
    assert done.failed
    assert done.requests == []
    assert done.result["msg"].startswith(f"plan: {path} can't be applied: ")
    assert message in done.result["msg"]
    assert done.result["msg"].endswith("Nothing was sent.")
    assert done.result["error"]["type"] == "InputError"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is not a plan. Give a file that plan_file wrote."),
        ("[]", "it is not a plan."),
        ('{"report": 1}', "it is not a plan."),
        ('{"plan": 1}', "it was changed after it was written, since its checksum is wrong. Make a new plan."),
    ],
)
def test_another_file_is_refused(sim: Simulator, path: str, text: str, message: str) -> None:
    Path(path).write_text(text, encoding="utf-8")
    done = run(sim, plan=path)
    assert done.requests == []
    assert message in done.result["msg"]


def test_a_plan_that_was_edited_is_refused_and_one_that_was_formatted_is_not(sim: Simulator, path: str) -> None:
    content = planned(sim, path)
    text = Path(path).read_text(encoding="utf-8")
    Path(path).write_text(text.replace('"In Progress"', '"Escalated"', 1), encoding="utf-8")
    refused = run(sim, plan=path)
    assert "it was changed after it was written" in refused.result["msg"]
    Path(path).write_text(json.dumps(content, sort_keys=True), encoding="utf-8")
    assert not run(sim, True, plan=path).failed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rules": RULES, "plan_file": "PATH"}, "plan_file works in check mode only. Add --check, or leave it out."),
        (
            {"plan": "PATH", "plan_max_age": "soon"},
            'plan_max_age must be a time such as 24h, at most 3650d; got "soon". Correct it.',
        ),
        ({"plan": "PATH", "plan_title": "x"}, "plan_title is for plan_file. Give that too, or leave it out."),
        ({"plan": "PATH.not"}, "plan: PATH.not can't be read: No such file or directory. Give the path of a plan."),
    ],
)
def test_mistakes_are_errors_before_anything_is_sent(
    sim: Simulator, path: str, options: dict[str, Any], message: str
) -> None:
    planned(sim, path)
    given = {name: value.replace("PATH", path) if isinstance(value, str) else value for name, value in options.items()}
    done = run(sim, **given)
    assert done.requests == []
    assert done.result["msg"] == message.replace("PATH", path)
    assert read(path)["cases"]


def test_a_plan_that_can_not_be_written_is_an_error_before_anything_is_sent(sim: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "none" / "plan.json"
    done = run(sim, True, rules=RULES, plan_file=str(path))
    assert (done.failed, done.requests) == (True, [])
    assert done.result["msg"].startswith(f"plan_file: {path} can't be written: No such file or directory. Give a path")


@pytest.mark.parametrize(
    ("check_mode", "options", "message"),
    [
        (
            True,
            {"if_unmodified_since": "2026-11-28T08:00:00Z"},
            "plan_file can't be combined with if_unmodified_since of",
        ),
        (
            True,
            {"description": "x"},
            "plan_file can't be combined with description of an item. Declare it in a task of",
        ),
        (True, {"plan_guard": "fields"}, "plan_guard is for plan. Give that too, or leave it out."),
        (False, {"plan_file": None, "plan_guard": "fields"}, "plan_guard is for plan."),
        (False, {"plan_file": None, "plan_title": "x"}, "plan_title is for plan_file. Give that too, or leave it out."),
        (True, {"plan_file": None, "plan_title": "x"}, "plan_title is for plan_file."),
        (False, {"plan_file": None, "plan_max_age": "1h"}, "plan_max_age is for plan or plan_file. Give that too, or"),
    ],
)
def test_options_that_do_not_fit_are_errors_before_anything_is_sent(
    sim: Simulator, path: str, check_mode: bool, options: dict[str, Any], message: str
) -> None:
    of_task = {name: value for name, value in options.items() if name.startswith("plan_")}
    of_item = {name: value for name, value in options.items() if name not in of_task}
    items = [{"case_id": ID, "severity": "High", **of_item}]
    done = run(sim, check_mode, cases=items, **{"plan_file": path, **of_task})
    assert done.requests == []
    assert done.result["msg"].startswith(message)


@pytest.mark.parametrize("content", ["my notes", "", '{"report": 1}', "[]", "rules: []"])
def test_a_file_that_is_not_a_plan_is_never_replaced(sim: Simulator, path: str, content: str) -> None:
    Path(path).write_text(content, encoding="utf-8")
    done = run(sim, True, rules=RULES, plan_file=path)
    assert (done.failed, done.requests) == (True, [])
    assert done.result["msg"].endswith(
        "can't be written: it exists, and is not a plan. Give another path. Nothing was sent."
    )
    assert Path(path).read_text(encoding="utf-8") == content


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_changes": "0"}, "ended with an error: Aborted before the first write: 3 changes planned"),
        ({"rules": []}, "ended with an error: rules is an empty list."),
        ({"tenant": "Nobody"}, "ended with an error: Could not find tenant Nobody"),
    ],
)
def test_a_run_that_fails_leaves_no_plan_not_even_an_older_one(
    sim: Simulator, path: str, options: dict[str, Any], message: str
) -> None:
    planned(sim, path)
    assert run(sim, True, plan_file=path, **{"rules": RULES, **options}).failed
    done = run(sim, plan=path)
    assert done.requests == []
    assert message in done.result["msg"]
