# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""stellar_case in this process: answers that are late, lost, refused or short, edits by others, and comments."""

from __future__ import annotations

import re

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE as CASE_OPTIONS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.connection import connection_of
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import (
    ApiError,
    ConflictError,
    InputError,
    NotAppliedError,
    StellarError,
    TransportError,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.client import Client
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.token_renewal import exchange_key
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case
from tests.integration.playbook import CASE, calls, parameters

TOKEN, GET, PUT, LIST = "POST access_token", "GET cases/ID", "PUT cases/ID", "GET cases"
USERS, COMMENT, HISTORY = "GET users", "POST cases/ID/comments", "GET cases/ID/activities"
SOC_LEAD_ID = "0b54e8a2c1f94d7a9e63d27f58b1c0a4"
RESOLVED = {"status": "Resolved", "closed": 1}


@pytest.fixture
def case(sim):
    """case(check_mode=False, **options) -> (result, calls, warnings)"""

    def run(check_mode=False, **options):
        sim.clear_requests()
        options = {"case_id": CASE, **options}
        result = run_case(parameters(CASE_OPTIONS, sim, **options), check_mode, lambda secret: None)
        return result, calls(sim.requests())

    return run


def test_an_unreadable_description_is_written_each_time_and_says_so(case):
    for _number in range(2):
        result, made = case(description="What happened", comment="hello")
        assert result["changed"] is True
        assert "description of case" in result["warnings"][0]
        assert made == [TOKEN, GET, PUT]  # and no comment with each


@pytest.mark.parametrize("key", ["severity", "status", "assignee", "tags", "name", "resolution"])
def test_a_field_that_the_platform_ignores_is_an_error_that_names_it(sim, case, key):
    sim.switch(ignored_put_keys=[key])
    wanted = {
        "severity": "High",
        "status": "Resolved",
        "assignee": "soc-lead@example.com",
        "tags": {"add": ["x"]},
        "name": "Renamed",
        "resolution": "Benign",
        "comment": "hello",
    }
    with pytest.raises(NotAppliedError, match=f"{key} must be") as caught:
        case(**wanted)
    assert caught.value.details["fields"] == [key]
    result = caught.value.to_result()
    assert result["changed"] is True
    assert result["case"]["_id"] == CASE
    assert {change["field"] for change in result["changes"]} == set(wanted)
    assert sim.case(CASE).get("comments", []) == []


def test_only_an_ignored_field_is_no_change(sim, case):
    sim.switch(ignored_put_keys=["severity"])
    with pytest.raises(NotAppliedError) as caught:
        case(severity="High")
    assert caught.value.to_result()["changed"] is False


@pytest.mark.parametrize("answer", ["no_case", "empty"])
def test_a_put_that_answers_without_the_case_is_read_back(sim, case, answer):
    sim.switch(put_answer=answer)
    result, made = case(severity="High")
    assert made == [TOKEN, GET, PUT, GET]
    assert result["case"]["severity"] == "High"


def test_a_platform_that_respells_tags_is_found_out(sim, case):
    sim.switch(tag_normalise="lower")
    with pytest.raises(NotAppliedError, match="tags must be"):
        case(tags={"add": ["Urgent"]})


def test_guard_refuses_what_an_analyst_touched(sim, case):
    seen = sim.case(CASE)["modified_at"]
    sim.edit(CASE, {"severity": "Critical"}, user="ohtani@example.com")
    with pytest.raises(ConflictError, match=r"ohtani changed it at .* meant for the case as last modified at"):
        case(severity="High", if_unmodified_since=str(seen))
    assert sim.writes() == []
    assert sim.case(CASE)["severity"] == "Critical"


def test_guard_that_refuses_shows_what_would_have_been_changed(sim, case):
    sim.edit(CASE, {"severity": "Critical"}, user="ohtani@example.com")
    with pytest.raises(ConflictError) as caught:
        case(severity="High", if_unmodified_since="1660835991789")
    result = caught.value.to_result()
    assert result["changes"] == [{"field": "severity", "before": "Critical", "after": "High"}]
    assert (result["diff"]["before"], result["diff"]["after"]) == ({"severity": "Critical"}, {"severity": "High"})
    assert result["concurrent_changes"] == []
    assert "changed" not in result


HISTORY_FAILS = {"kind": "status", "status": 500, "path": "/cases/*/activities", "times": 0}


def test_concurrent_changes_are_null_if_nobody_could_look(sim, case, waits):
    sim.fault(**HISTORY_FAILS)
    result, _calls = case(severity="High", if_unmodified_since="2099-01-01")
    assert (result["changed"], result["concurrent_changes"]) == (True, None)
    (warning,) = result["warnings"]
    assert re.search("Could not determine.*HTTP 500.* Check the case's history.$", warning)
    assert "run again" not in warning


@pytest.mark.parametrize("call", ["PUT", "POST"])
def test_concurrent_changes_are_null_in_a_failure_too_if_nobody_could_look(sim, case, waits, call):
    sim.fault(**HISTORY_FAILS)
    if call == "PUT":
        sim.switch(ignored_put_keys=["severity"])
    else:
        sim.fault("status", status=403, method="POST", path="/cases/*/comments")
    with pytest.raises(StellarError) as caught:
        case(severity="High", status="Escalated", comment="hello", if_unmodified_since="2099-01-01")
    result = caught.value.to_result()
    assert (result["changed"], result["concurrent_changes"]) == (True, None)


def test_what_the_case_shows_of_others_is_told_without_the_history_as_well(sim, case, waits):
    sim.fault(**HISTORY_FAILS)
    sim.edit(CASE, {"tags": {"add": ["mine"]}}, user="ohtani@example.com", before={"method": "PUT", "path": "/cases/*"})
    result, _calls = case(severity="High", if_unmodified_since="2099-01-01")
    assert result["concurrent_changes"] == [
        {"field": "tags", "value": ["October-event", "mine"], "kept": True, "by": None}
    ]


def test_an_update_that_did_not_arrive_says_that_the_case_was_read_again(sim, case, waits):
    sim.fault("drop_before", method="PUT", path="/cases/*", times=0)
    with pytest.raises(TransportError, match=r"no answer: .* The case was read again and is unchanged\. Check host"):
        case(severity="High", retries=1)


@pytest.mark.parametrize("theirs", [{"severity": "Critical"}, {"name": "Another"}])
def test_an_update_that_did_not_arrive_does_not_call_a_case_unchanged_that_others_changed(sim, case, waits, theirs):
    put = {"method": "PUT", "path": "/cases/*"}
    sim.fault("drop_before", **put, times=0)
    sim.edit(CASE, theirs, user="ohtani@example.com", before=put)
    with pytest.raises(TransportError, match="The case was read again and does not show the update") as caught:
        case(severity="High", retries=0)
    assert caught.value.to_result()["concurrent_changes"] is None


def test_an_update_of_unknown_outcome_says_so_before_its_remedy_and_why_nobody_could_look(sim, case, waits):
    sim.fault("drop_after", method="PUT", path="/cases/*", times=0)
    sim.fault("status", status=403, method="GET", path="/cases/*", after=1, times=0)
    with pytest.raises(TransportError) as caught:
        case(severity="High", retries=1)
    assert re.search(
        r"no answer: .*\. Gave up after 2 attempts\. Reading the case again failed as well: HTTP 403.*\. "
        r"It is unknown whether the case was changed: "
        r"check it, or run again\. Check host .*\.$",
        str(caught.value),
    )
    result = caught.value.to_result()
    assert (result["changed"], result["concurrent_changes"]) == (True, None)


def test_guard_is_kept_when_the_write_is_tried_again(sim, case, waits):
    """The platform asks to wait, and an analyst is faster."""
    seen = sim.case(CASE)["modified_at"]
    sim.fault("status", status=429, retry_after="60", method="PUT", path="/cases/*")
    put = {"method": "PUT", "path": "/cases/*"}
    sim.edit(CASE, {"severity": "Critical"}, user="ohtani@example.com", before=put)
    with pytest.raises(ConflictError, match="ohtani changed it"):
        case(severity="Low", if_unmodified_since=str(seen))
    assert calls(sim.requests()) == [TOKEN, GET, PUT, GET]
    assert sim.case(CASE)["severity"] == "Critical"


def test_guard_is_kept_when_a_new_token_took_its_time(sim, case, waits):
    seen = sim.case(CASE)["modified_at"]
    sim.fault("expire_token", method="PUT", path="/cases/*")
    sim.fault("status", status=429, retry_after="60", path="/access_token", after=1)
    sim.edit(CASE, {"severity": "Critical"}, user="ohtani@example.com", after={"method": "PUT", "path": "/cases/*"})
    with pytest.raises(ConflictError, match="ohtani changed it"):
        case(severity="Low", if_unmodified_since=str(seen))
    assert sim.case(CASE)["severity"] == "Critical"


def test_guard_is_kept_when_reading_the_users_took_its_time(sim, case, waits):
    seen = sim.case(CASE)["modified_at"]
    sim.fault("status", status=429, retry_after="60", path="/users")
    sim.edit(CASE, {"severity": "Critical"}, user="ohtani@example.com", before={"method": "GET", "path": "/users"})
    with pytest.raises(ConflictError, match="ohtani changed it"):
        case(assignee="soc-lead@example.com", severity="Low", if_unmodified_since=str(seen))
    assert sim.writes() == []


def test_guard_tells_that_it_may_be_our_own_write_that_it_meets(sim, case, waits):
    """No answer to the write came, and the platform ignored a part of it."""
    seen = sim.case(CASE)["modified_at"]
    sim.switch(ignored_put_keys=["severity"])
    sim.fault("drop_after", method="PUT", path="/cases/*")
    with pytest.raises(ConflictError, match=r"may be that of this task\. It is unknown whether") as caught:
        case(severity="Low", status="Escalated", if_unmodified_since=str(seen))
    assert caught.value.to_result()["changed"] is True
    with pytest.raises(NotAppliedError, match="severity must be"):
        case(severity="Low", status="Escalated")


@pytest.mark.parametrize("then", [429, 403, 401])
def test_a_write_that_arrived_before_a_refusal_is_in_the_result(sim, case, waits, then):
    sim.fault("drop_after", method="PUT", path="/cases/*")
    sim.fault("status", status=then, method="PUT", path="/cases/*", times=0)
    result, _calls = case(severity="High")
    assert result["changed"] is True
    assert sim.case(CASE)["severity"] == result["case"]["severity"] == "High"


def test_a_write_that_arrived_before_the_token_died_is_in_the_result(sim, case, waits):
    """The answer to the PUT is lost, then the token is refused, then no new one is to be had for a while."""
    sim.fault("drop_after", method="PUT", path="/cases/*")
    sim.fault("expire_token", method="PUT", path="/cases/*")
    sim.fault("status", status=500, path="/access_token", after=1)
    result, _calls = case(severity="High")
    assert result["changed"] is True
    assert sim.case(CASE)["severity"] == "High"


@pytest.mark.parametrize("wanted", [{"description": "What happened"}, {"assignee": "soc-lead@example.com"}])
def test_a_guarded_write_that_a_case_cannot_show_is_not_taken_for_done(sim, case, waits, wanted):
    """The platform only asks to wait: nothing was written by the first try."""
    sim.switch(users_status=403)
    seen = sim.case(CASE)["modified_at"]
    sim.fault("status", status=429, method="PUT", path="/cases/*")
    _result, made = case(if_unmodified_since=str(seen), **wanted)
    assert made.count(PUT) == 2
    assert [entry["status"] for entry in sim.requests() if entry["method"] == "PUT"] == [429, 200]


@pytest.mark.parametrize("wanted", [{"description": "What happened"}, {"assignee": "soc-lead@example.com"}])
def test_a_lost_write_that_a_case_cannot_show_is_no_success(sim, case, waits, wanted):
    sim.switch(users_status=403)
    sim.fault("drop_before", method="PUT", path="/cases/*", times=0)
    with pytest.raises(TransportError, match="It is unknown whether the case was changed"):
        case(retries=1, **wanted)


def test_guard_takes_a_first_try_that_arrived_for_done(sim, case, waits):
    seen = sim.case(CASE)["modified_at"]
    sim.fault("drop_after", method="PUT", path="/cases/*")
    result, made = case(severity="Low", if_unmodified_since=str(seen))
    assert result["changed"] is True
    assert made == [TOKEN, GET, PUT, GET, GET, HISTORY]


def test_guard_needs_to_know_when_the_case_was_changed(sim, case):
    record = {**sim.case(CASE), "modified_at": None}
    sim.fault("wrong_shape", path="/cases/*", body={"data": record})
    with pytest.raises(ConflictError, match="does not say when"):
        case(severity="Low", if_unmodified_since="1660835991789")
    assert sim.writes() == []


def test_guard_lets_a_case_alone_that_is_already_so(sim, case):
    seen = sim.case(CASE)["modified_at"]
    sim.edit(CASE, {"severity": "High"}, user="ohtani@example.com")
    result, _calls = case(severity="High", if_unmodified_since=str(seen))
    assert result["changed"] is False


def test_result_of_one_task_guards_the_next_even_after_a_comment(case):
    first, _calls = case(severity="High", comment="hello")
    second, _calls = case(severity="Low", if_unmodified_since=str(first["case"]["modified_at"]))
    assert second["changed"] is True


@pytest.mark.parametrize("status", [401, 403, 404])
def test_users_forbidden_compares_with_the_name_shown(sim, case, status):
    sim.switch(users_status=status)
    result, made = case(assignee="ohtani")  # who has it already
    assert result["changed"] is False
    assert made == [TOKEN, GET, USERS, *([TOKEN, USERS] if status == 401 else [])]
    result, made = case(assignee="soc-lead@example.com")
    assert made[-1] == PUT
    assert result["case"]["assignee"] == SOC_LEAD_ID


def test_a_comment_does_not_come_with_each_run_that_cannot_be_verified(sim, case):
    sim.switch(users_status=403)
    for _number in range(3):
        case(assignee="day-shift@example.com", comment="hello")  # the platform shows: day-shift
    assert sim.case(CASE).get("comments", []) == []


def test_an_expired_token_does_not_hide_behind_the_users(sim, case):
    """401 for the users only: the token goes on to be used."""
    sim.fault("status", status=401, path="/users", times=0)
    with Client(connection_of(parameters(CASE_OPTIONS, sim, case_id=CASE, severity="Low"))) as client:
        token = exchange_key(client.session)[0]
    result, made = case(assignee="soc-lead@example.com", api_key=None, access_token=token)
    assert result["changed"] is True
    assert made == [GET, USERS, PUT]


def test_users_forbidden_and_a_spelling_that_cannot_be_verified_warns(sim, case):
    sim.switch(users_status=403)
    sim.put_case(CASE, assignee="")
    result, _calls = case(assignee="ohtani@example.com")  # the platform shows: ohtani
    assert "can't be verified" in result["warnings"][0]


def test_a_comment_whose_answer_is_lost_is_not_posted_twice(sim, case):
    sim.fault("drop_after", method="POST", path="/cases/*/comments")
    result, _calls = case(severity="High", comment="once")
    comments = [comment["comment"] for comment in sim.case(CASE)["comments"]]
    assert comments == ["once"]
    assert result["changed"] is True


def test_the_same_comment_of_another_day_does_not_count(sim, case):
    case(severity="High", comment="once")
    sim.advance(86400)
    sim.fault("drop_before", method="POST", path="/cases/*/comments")
    case(severity="Low", comment="once")
    assert [comment["comment"] for comment in sim.case(CASE)["comments"]] == ["once", "once"]


@pytest.mark.parametrize(("status", "more"), [(501, {}), (401, {"times": 0})])
def test_a_comment_that_nobody_can_look_for_is_not_posted_again(sim, case, status, more):
    sim.fault("drop_after", method="POST", path="/cases/*/comments")
    sim.fault("status", status=status, method="GET", path="/cases/*/comments", **more)
    with pytest.raises(
        TransportError, match=r"is unknown whether the write was made.*Check whether it is there"
    ) as caught:
        case(severity="High", comment="once")
    assert caught.value.to_result()["changed"] is True
    assert [comment["comment"] for comment in sim.case(CASE)["comments"]] == ["once"]


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize(("method", "nth"), [("GET", 1), ("PUT", 1), ("GET", 2)])
def test_a_case_that_is_deleted_meanwhile_is_gone(sim, case, status, method, nth):
    sim.switch(unknown_case_status=status, put_answer="empty")
    sim.delete_case(CASE, before={"method": method, "path": "/cases/*", "nth": nth})
    with pytest.raises(ApiError, match=r"The case is gone: it was deleted, or is no longer visible") as caught:
        case(severity="High")
    # Only the read after the write comes too late to prevent it.
    assert caught.value.to_result().get("changed", False) is (nth == 2)


def test_a_failure_to_read_back_does_not_hide_the_change(sim, case):
    sim.switch(put_answer="empty")
    sim.fault("status", status=501, method="GET", path="/cases/*", after=1)
    with pytest.raises(ApiError, match="The platform accepted the update") as caught:
        case(severity="High")
    assert caught.value.to_result()["changed"] is True


def test_a_failure_to_read_after_the_comment_is_a_warning(sim, case):
    sim.fault("status", status=501, method="GET", path="/cases/*", after=1)
    result, _calls = case(severity="High", comment="once")
    assert result["changed"] is True
    assert "was updated, but its modified_at" in result["warnings"][0]


def test_an_answer_that_is_older_than_the_write(sim, case):
    sim.fault("wrong_shape", method="PUT", path="/cases/*", body={"data": sim.case(CASE)})
    result, made = case(severity="High")
    assert made == [TOKEN, GET, PUT, GET]
    assert result["case"]["severity"] == "High"


def test_a_user_named_as_another_ones_e_mail_is_not_taken_for_him(sim, case):
    record = {**sim.case(CASE), "assignee": "5" * 32, "assignee_name": "soc-lead@example.com"}
    sim.fault("wrong_shape", method="GET", path="/cases/*", body={"data": record})
    result, made = case(assignee="soc-lead@example.com")
    assert made[:4] == [TOKEN, GET, USERS, PUT]
    assert result["case"]["assignee"] == SOC_LEAD_ID


def test_a_failure_after_the_read_returns_the_case(sim, case):
    with pytest.raises(InputError) as caught:
        case(assignee="nobody@example.com")
    assert caught.value.to_result()["case"]["_id"] == CASE


@pytest.mark.parametrize("status", [403, 404])
def test_tenants_forbidden(sim, case, status):
    sim.switch(tenants_status=status)
    with pytest.raises(InputError, match="can't read the tenants"):
        case(severity="High", tenant="Nowhere")
    assert sim.writes() == []


def test_a_ticket_of_a_tenant_while_the_platform_ignores_the_filter(sim, case):
    sim.switch(ignored_query_parameters=["tenantid"])
    result, _calls = case(case_id=None, ticket_id=70001, tenant="Example Clinic", severity="Low")
    assert result["case"]["tenant_name"] == "Example Clinic"


def test_a_comment_that_never_arrived_is_posted_again(sim, case):
    sim.fault("drop_before", method="POST", path="/cases/*/comments")
    case(severity="High", comment="once")
    assert [comment["comment"] for comment in sim.case(CASE)["comments"]] == ["once"]


def test_a_comment_that_fails_does_not_hide_the_change(sim, case):
    sim.fault("status", status=500, method="POST", path="/cases/*/comments")
    with pytest.raises(Exception, match=r"Could not post the comment on case .*, which was updated already") as caught:
        case(severity="High", comment="once")
    assert caught.value.to_result()["changed"] is True
    assert sim.case(CASE)["severity"] == "High"


def test_ids_in_the_answer_must_be_the_one_asked_for(sim, case):
    sim.fault("wrong_shape", path="/cases/*", body={"data": {**sim.case(CASE), "_id": "../../users"}})
    with pytest.raises(Exception, match="does not contain this case"):
        case(severity="High")


def test_the_48_character_id_of_the_vendor_page(case):
    result, _calls = case(case_id="1674728869334287aba4486901d24c4189a6fe8eab6efe05", tags={"add": ["x"]})
    assert result["changed"] is True
