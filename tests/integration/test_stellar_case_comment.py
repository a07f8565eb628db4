# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""stellar_case_comment: a comment is on a case once, however often it is asked for, and whatever gets lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE as CASE_OPTIONS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.comment import COMMENT as OPTIONS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import (
    ApiError,
    InputError,
    NotAppliedError,
    TransportError,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.comment import run_comment
from tests.integration.playbook import CASE, Task, calls, parameters, run_playbook
from tests.simulator.process import Simulator

TOKEN, GET, LIST, USERS = "POST access_token", "GET cases/ID", "GET cases", "GET users"
COMMENTS, POST, PUT = "GET cases/ID/comments", "POST cases/ID/comments", "PUT cases/ID/comments/C"
DELETE, PUT_CASE = "DELETE cases/ID/comments/C", "PUT cases/ID"
READ = [TOKEN, GET, USERS, COMMENTS]

Module = Callable[..., tuple[dict[str, Any], list[str]]]


def named(requests: list[dict[str, Any]]) -> list[str]:
    return ["/".join([*call.split("/")[:3], "C"]) if call.count("/") == 3 else call for call in calls(requests)]


@pytest.fixture
def comment(sim: Simulator) -> Module:
    """comment(check_mode=False, **options) -> (result, calls)"""

    def run(check_mode: bool = False, **options: Any) -> tuple[dict[str, Any], list[str]]:
        sim.clear_requests()
        params = parameters(OPTIONS, sim, **{"case_id": CASE, **options})
        result = run_comment(params, check_mode, lambda secret: None)
        return result, named(sim.requests())

    return run


@pytest.fixture
def case(sim: Simulator) -> Module:
    """stellar_case in the same way"""

    def run(check_mode: bool = False, **options: Any) -> tuple[dict[str, Any], list[str]]:
        sim.clear_requests()
        params = parameters(CASE_OPTIONS, sim, **{"case_id": CASE, **options})
        result = run_case(params, check_mode, lambda secret: None)
        return result, named(sim.requests())

    return run


def texts(sim: Simulator, case_id: str = CASE) -> list[str]:
    return [each["comment"] for each in sim.case(case_id).get("comments", [])]


# name: options, comments before (their text; by another user if it begins with !), text after, writes
TASKS: dict[str, tuple[dict[str, Any], list[str], list[str], list[str]]] = {
    "comment": ({"comment": "Seen"}, [], ["Seen"], [POST]),
    "comment beside another": ({"comment": "Seen"}, ["Other"], ["Other", "Seen"], [POST]),
    "marker": ({"comment": "Seen", "marker": "a"}, ["Seen"], ["Seen", "Seen [ansible:a]"], [POST]),
    "author": ({"comment": "Seen"}, ["!Seen"], ["Seen", "Seen"], [POST]),
    "ticket_id": ({"ticket_id": 67535, "comment": "Seen"}, [], ["Seen"], [POST]),
    "on_difference=add": (
        {"comment": "New", "marker": "a", "on_difference": "add"},
        ["Old [ansible:a]"],
        ["Old [ansible:a]", "New [ansible:a]"],
        [POST],
    ),
    "on_difference=edit": (
        {"comment": "New", "marker": "a", "on_difference": "edit"},
        ["Old [ansible:a]", "Other"],
        ["New [ansible:a]", "Other"],
        [PUT],
    ),
    "another tag": ({"comment": "Blocked"}, ["Blocked <host-a>"], ["Blocked <host-a>", "Blocked"], [POST]),
    "entity": ({"comment": "AT&amp;T"}, ["AT&T"], ["AT&T", "AT&amp;T"], [POST]),
    "quotation": (
        {"comment": "New", "marker": "a", "on_difference": "edit"},
        ["So:\n> Old [ansible:a]"],
        ["So:\n> Old [ansible:a]", "New [ansible:a]"],
        [POST],
    ),
    "on_difference=edit, comment of several": (
        {"comment": "New", "marker": "b", "on_difference": "edit"},
        ["A [ansible:a]\nB [ansible:b]"],
        ["A [ansible:a]\nB [ansible:b]", "New [ansible:b]"],
        [POST],
    ),
    "state=absent, another tag": (
        {"comment": "Blocked", "state": "absent"},
        ["Blocked <host-a>", "<p>Blocked</p>"],
        ["Blocked <host-a>"],
        [DELETE],
    ),
    "state=absent, quotation": (
        {"marker": "a", "state": "absent"},
        ["A [ansible:a]", "So:\n> A [ansible:a]\nkeep it", "A [ansible:a]\nB [ansible:b]"],
        ["So:\n> A [ansible:a]\nkeep it", "A [ansible:a]\nB [ansible:b]"],
        [DELETE],
    ),
    "state=absent by text": ({"comment": "Seen", "state": "absent"}, ["Seen", "!Seen"], ["Seen"], [DELETE]),
    "state=absent by marker": (
        {"marker": "a", "state": "absent"},
        ["A [ansible:a]", "B [ansible:a]", "!C [ansible:a]"],
        ["C [ansible:a]"],
        [DELETE, DELETE],
    ),
}


NUMBERS = {name: number for number, name in enumerate(TASKS)}


@pytest.fixture(scope="module")
def runs(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> list[Task]:
    """Three tasks an option in one play: check mode, real, again."""
    simulator.reset()
    tasks = []
    for number, (options, before, _after, _writes) in enumerate(TASKS.values()):
        case_id, ticket_id = f"{number:024x}", 900_000 + number
        simulator.add_cases([{**simulator.case(CASE), "_id": case_id, "ticket_id": ticket_id, "comments": []}])
        for text in before:
            user = "ohtani@example.com" if text.startswith("!") else simulator.username
            simulator.edit(case_id, {"comment": text.lstrip("!")}, user=user)
        named = {"ticket_id": ticket_id} if "ticket_id" in options else {"case_id": case_id}
        task = {"stellarcyber.xdr.stellar_case_comment": {**options, **named}, "diff": True}
        tasks += [{**task, "check_mode": check_mode} for check_mode in (True, False, False)]
    run = run_playbook(simulator, tmp_path_factory.mktemp("options"), tasks)
    assert run.returncode == 0, run.output
    # What they left, before another test resets it
    left = {name: texts(simulator, f"{number:024x}") for name, number in NUMBERS.items()}
    assert left == {name: after for name, (_options, _before, after, _writes) in TASKS.items()}
    return run.tasks


@pytest.mark.parametrize("name", TASKS)
def test_in_check_mode_for_real_and_again(runs: list[Task], name: str) -> None:
    options, _before, after, writes = TASKS[name]
    check, real, again = runs[3 * NUMBERS[name] : 3 * NUMBERS[name] + 3]
    assert [each.result["changed"] for each in (check, real, again)] == [True, True, False]
    assert check.result["diff"] == real.result["diff"]
    assert again.result["diff"]["before"] == again.result["diff"]["after"]
    assert (check.writes, [call for call in named(real.requests) if call in writes], again.writes) == ([], writes, [])
    assert real.result["ticket_id"] == 900_000 + NUMBERS[name]
    assert all(each.result["author_checked"] for each in (check, real, again))
    if options.get("state") == "absent":
        assert real.result["comment"] is None
    else:
        shown = [each.result["comment"]["comment"] for each in (check, real, again)]
        assert shown == [shown[0]] * 3
        assert shown[0] in after
        assert real.result["comment"]["_id"] == again.result["comment"]["_id"]


def test_how_many_requests_it_takes(comment: Module) -> None:
    assert comment(check_mode=True, comment="Seen")[1] == READ
    assert comment(comment="Seen")[1] == [*READ, POST, COMMENTS]
    assert comment(comment="Seen")[1] == READ
    assert comment(comment="Seen", author="anyone")[1] == [TOKEN, GET, COMMENTS]
    assert comment(case_id=None, ticket_id=67535, comment="Seen")[1] == [TOKEN, LIST, USERS, COMMENTS]
    assert comment(state="absent", comment="Seen")[1] == [*READ, DELETE, COMMENTS]
    comment(comment="Old", marker="a")
    assert comment(comment="New", marker="a", on_difference="edit")[1] == [*READ, PUT, COMMENTS]


def test_the_diff_has_the_text(play: Any) -> None:
    task = {"stellarcyber.xdr.stellar_case_comment": {"case_id": CASE, "comment": "One\nTwo", "marker": "a"}}
    run = play([task], "--check", "--diff")
    for line in ("+++ after: comment on case 67535", '+        "One\\nTwo [ansible:a]"'):
        assert line in run.output


def test_another_text_with_the_marker_fails_and_says_what_to_do(sim: Simulator, comment: Module) -> None:
    comment(comment="Old", marker="a")
    for check_mode in (True, False):
        with pytest.raises(InputError) as caught:
            comment(check_mode, comment="New", marker="a")
        message = str(caught.value)
        assert "it has a comment (" in message
        assert message.endswith(
            "with the marker a and another text. Give the same text, another marker, or set on_difference to add or "
            "edit."
        )
        result = caught.value.to_result()
        assert (result["changed"], result["matched"]) == (False, 1)
        assert result["diff"]["before"] == {"comments": ["Old [ansible:a]"]}
        assert result["diff"]["after"] == {"comments": ["New [ansible:a]"]}
    assert texts(sim) == ["Old [ansible:a]"]


def test_a_case_of_another_tenant_is_not_commented(sim: Simulator, comment: Module) -> None:
    with pytest.raises(Exception, match="it belongs to tenant Example Tenant"):
        comment(comment="Seen", tenant="Example Clinic")
    assert sim.writes() == []


# -- who is me ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [403, 404])
def test_where_users_can_not_be_read_the_comments_of_everybody_count(
    sim: Simulator, comment: Module, status: int
) -> None:
    sim.switch(users_status=status)
    sim.edit(CASE, {"comment": "Seen"}, user="ohtani@example.com")
    result, _calls = comment(comment="Seen")
    assert (result["changed"], result["author_checked"]) == (False, False)
    assert "author is me, and it can't be known which comments" in result["warnings"][0]


def test_nothing_is_deleted_where_it_is_not_known_whose_it_is(sim: Simulator, comment: Module) -> None:
    sim.switch(users_status=403)
    sim.edit(CASE, {"comment": "Seen"}, user="ohtani@example.com")
    with pytest.raises(InputError, match="it can't be known which comments are those of this key"):
        comment(comment="Seen", state="absent")
    assert texts(sim) == ["Seen"]


# -- what gets lost -------------------------------------------------------------------------------------


LOST = [
    ("drop_after", {}),
    ("drop_before", {}),
    ("status", {"status": 504, "handled": True}),
    ("status", {"status": 503}),
    ("truncate", {}),
]


@pytest.mark.parametrize(("kind", "more"), LOST)
@pytest.mark.parametrize("lag_ms", [0, 300])
def test_a_comment_whose_answer_is_lost_is_there_once(
    sim: Simulator, comment: Module, kind: str, more: dict[str, Any], lag_ms: int
) -> None:
    sim.switch(parts_lag_ms=lag_ms)
    sim.fault(kind, method="POST", path="/cases/*/comments", **more)
    result, _calls = comment(comment="Once")
    sim.switch(parts_lag_ms=0)
    assert texts(sim) == ["Once"]
    assert (result["changed"], result["comment"]["comment"]) == (True, "Once")
    assert comment(comment="Once")[0]["changed"] is False


def test_an_earlier_comment_with_this_text_is_not_taken_for_one_that_is_lost(sim: Simulator, comment: Module) -> None:
    sim.edit(CASE, {"comment": "Once"}, user="ohtani@example.com")
    sim.fault("drop_before", method="POST", path="/cases/*/comments")
    comment(comment="Once")
    assert texts(sim) == ["Once", "Once"]


def test_a_comment_that_nobody_can_look_for_is_not_posted_again(sim: Simulator, comment: Module) -> None:
    sim.fault("drop_after", method="POST", path="/cases/*/comments")
    sim.fault("status", status=501, method="GET", path="/cases/*/comments", after=1)
    with pytest.raises(TransportError, match="It is unknown whether the write was made") as caught:
        comment(comment="Once")
    assert caught.value.to_result()["changed"] is True
    assert texts(sim) == ["Once"]


@pytest.mark.parametrize(("kind", "more"), LOST)
def test_an_edit_or_deletion_whose_answer_is_lost_is_made_once(
    sim: Simulator, comment: Module, kind: str, more: dict[str, Any]
) -> None:
    comment(comment="Old", marker="a")
    sim.fault(kind, method="PUT", path="/cases/*/comments/*", **more)
    assert comment(comment="New", marker="a", on_difference="edit")[0]["changed"] is True
    assert texts(sim) == ["New [ansible:a]"]
    sim.fault(kind, method="DELETE", path="/cases/*/comments/*", **more)
    assert comment(marker="a", state="absent")[0]["changed"] is True
    assert texts(sim) == []


def test_an_edit_that_the_platform_ignores_is_an_error(sim: Simulator, comment: Module) -> None:
    comment(comment="Old", marker="a")
    sim.fault("wrong_shape", method="PUT", path="/cases/*/comments/*", body={"data": {}}, handled=False)
    with pytest.raises(
        NotAppliedError, match=r"the comments do not show it\. Edit it in the platform's user interface"
    ):
        comment(comment="New", marker="a", on_difference="edit")


def test_a_platform_that_can_not_delete_comments_says_so(sim: Simulator, comment: Module) -> None:
    comment(comment="Seen")
    sim.fault("status", status=405, method="DELETE", path="/cases/*/comments/*", times=0)
    with pytest.raises(ApiError, match=r"Could not delete the comment on case .* HTTP 405") as caught:
        comment(comment="Seen", state="absent")
    assert "The case is gone" not in str(caught.value)
    assert caught.value.to_result()["changed"] is False


def test_a_failure_after_the_first_of_two_is_a_change(sim: Simulator, comment: Module) -> None:
    for text in ("One [ansible:a]", "Two [ansible:a]"):
        sim.edit(CASE, {"comment": text}, user=sim.username)
    sim.fault("status", status=403, method="DELETE", path="/cases/*/comments/*", after=1, times=0)
    with pytest.raises(ApiError, match="HTTP 403") as caught:
        comment(marker="a", state="absent")
    assert caught.value.to_result()["changed"] is True
    assert texts(sim) == ["Two [ansible:a]"]


def test_a_comment_that_somebody_else_deleted_is_gone(sim: Simulator, comment: Module) -> None:
    comment(comment="Seen")
    sim.fault("status", status=404, method="DELETE", path="/cases/*/comments/*", handled=True)
    assert comment(comment="Seen", state="absent")[0]["changed"] is True


def test_several_comments_with_one_text_are_not_deleted(sim: Simulator, comment: Module) -> None:
    for _number in range(2):
        sim.edit(CASE, {"comment": "Seen"}, user=sim.username)
    with pytest.raises(InputError, match=r"it has 2 comments with this text \(.*, .*\)\. Give marker instead"):
        comment(comment="Seen", state="absent")
    assert texts(sim) == ["Seen", "Seen"]


def test_a_comment_that_says_more_is_kept_and_told(sim: Simulator, comment: Module) -> None:
    sim.edit(CASE, {"comment": "A [ansible:a]\nB [ansible:b]"}, user=sim.username)
    result, made = comment(marker="a", state="absent")
    assert (made, result["changed"], result["matched"]) == (READ, False, 0)
    assert "keeps a comment (" in result["warnings"][0]
    assert "with the marker a: it says more than" in result["warnings"][0]


def test_a_comment_that_only_quotes_is_not_told(sim: Simulator, comment: Module) -> None:
    sim.edit(CASE, {"comment": "> A [ansible:a]"}, user=sim.username)
    result, made = comment(marker="a", state="absent")
    assert (made, result["changed"], result["warnings"]) == (READ, False, [])


@pytest.mark.parametrize("text", ["Blocked <host-a> & more", "> 50 hosts"])
def test_a_comment_with_what_html_reserves_is_there_once_after_a_lost_answer(
    sim: Simulator, comment: Module, text: str
) -> None:
    sim.fault("drop_after", method="POST", path="/cases/*/comments")
    assert comment(comment=text, marker="a")[0]["changed"] is True
    assert comment(comment=text, marker="a")[0]["changed"] is False
    assert len(texts(sim)) == 1


def test_two_jobs_at_once_are_told(sim: Simulator, comment: Module) -> None:
    """The other job's comment arrives between the read and the POST of this one."""
    sim.edit(
        CASE,
        {"comment": "Seen [ansible:a]"},
        user=sim.username,
        before={"method": "POST", "path": "/cases/*/comments", "nth": 1},
    )
    result, _calls = comment(comment="Seen", marker="a")
    assert len(texts(sim)) == 2
    assert "has the comment 2 times (" in result["warnings"][0]
    # Also each later run, until somebody deletes one
    assert "has the comment 2 times (" in comment(comment="Seen", marker="a")[0]["warnings"][0]


def test_a_comment_that_is_listed_late_is_not_an_error(sim: Simulator, comment: Module) -> None:
    sim.switch(parts_lag_ms=60_000)
    result, _calls = comment(comment="Seen")
    assert result["changed"] is True
    assert result["warnings"] == ["The platform accepted the comment, and does not list it yet."]


# -- beside a change: stellar_case and rules ------------------------------------------------------------


def test_a_change_posts_its_comment_once_by_marker(sim: Simulator, case: Module) -> None:
    check, made = case(True, severity="High", comment="Raised", comment_marker="nightly")
    assert made == [TOKEN, GET, COMMENTS]
    result, made = case(severity="High", comment="Raised", comment_marker="nightly")
    assert made == [TOKEN, GET, COMMENTS, PUT_CASE, POST, GET]
    assert check["diff"] == result["diff"]
    assert "comment_not_posted" not in result
    result, made = case(severity="Low", comment="Lowered", comment_marker="nightly")
    assert made == [TOKEN, GET, COMMENTS, PUT_CASE]
    assert [change["field"] for change in result["changes"]] == ["severity"]
    assert result["comment_not_posted"] == "The case has a comment with the marker nightly."
    assert texts(sim) == ["Raised [ansible:nightly]"]


def test_a_case_that_complies_says_that_its_comment_is_not_posted(case: Module) -> None:
    case(severity="High")
    result, _calls = case(severity="High", comment="Raised")
    assert result["comment_not_posted"] == "The case already has its desired state."
    result, _calls = case(description="x", comment="Raised")
    assert result["comment_not_posted"].startswith("Only fields that the platform does not show are written")
    assert "comment_not_posted" not in case(severity="Low")[0]


def test_a_nightly_rule_posts_its_note_once_a_case(sim: Simulator, play: Any) -> None:
    rules = [
        {"name": f"Rule {number}", "match": {"status": ["New"]}, "set": set_, "comment": text, "comment_marker": marker}
        for number, (set_, text, marker) in enumerate(
            [({"severity": "High"}, "Raised", "raise"), ({"tags": {"add": ["x"]}}, "Tagged", "tag")]
        )
    ]
    task = {"stellarcyber.xdr.stellar_cases": {"rules": rules}}
    cases = [each for each in sim.cases() if each["status"] == "New"]
    assert len(cases) > 1
    first = play([task])[0]
    changed = {each["case_id"] for each in first.result["case_results"] if each["outcome"] == "changed"}
    after = {case_id: [each["comment"] for each in sim.case(case_id)["comments"]] for case_id in changed}
    for posted in after.values():
        assert set(posted[-1].split("\n")) <= {"Raised [ansible:raise]", "Tagged [ansible:tag]"}
    for case_id in changed:  # what analysts do by day
        sim.edit(case_id, {"severity": "Low", "tags": []}, user="ohtani@example.com")
    check, second = play([{**task, "check_mode": True, "diff": True}, {**task, "diff": True}]).tasks
    assert check.result["diff"] == second.result["diff"]
    assert second.result["counts"]["changed"] == len(changed)
    for case_id in changed:
        now = [each["comment"] for each in sim.case(case_id)["comments"]]
        marks = [text for each in now for text in each.split("\n") if "[ansible:" in text]
        assert len(marks) == len(set(marks)) == 2
    bodies = [
        json.loads(entry["body"])["comment"]
        for entry in second.requests
        if entry["method"] == "POST" and entry["path"].endswith("/comments")
    ]
    assert len(bodies) == sum(len(each[-1].split("\n")) == 1 for each in after.values())
