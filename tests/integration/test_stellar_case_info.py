# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""stellar_case_info: by ids, ticket numbers and queries; what belongs to a case; counts."""

from __future__ import annotations

import time

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE_INFO
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import (
    ApiError,
    AuthenticationError,
    ConflictError,
    InputError,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case_info
from tests.integration.playbook import CASE, calls, parameters

TOKEN, GET, LIST, USERS = "POST access_token", "GET cases/ID", "GET cases", "GET users"
VENDOR_ID = "1674728869334287aba4486901d24c4189a6fe8eab6efe05"
EXAMPLE_TENANT = "6aeb2aae7d8d4ef0820136f42d107db4"


@pytest.fixture
def info(sim):
    """info(**options) -> (result, calls)"""

    def run(**options):
        sim.clear_requests()
        result = run_case_info(parameters(CASE_INFO, sim, **options), False, lambda secret: None)
        return result, calls(sim.requests())

    return run


def ids(result):
    return [case["_id"] for case in result["cases"]]


def test_by_ids_and_ticket_numbers_in_that_order_each_once(info):
    result, made = info(case_id=[VENDOR_ID, "0" * 24], ticket_id=[67535, 1])
    assert ids(result) == [VENDOR_ID, CASE]
    assert result["missing"] == ["0" * 24, 1]
    assert (result["count"], result["truncated"], result["changed"]) == (2, False, False)
    assert made == [TOKEN, GET, GET, LIST, LIST]
    again, _calls = info(case_id=[CASE], ticket_id=[67535])
    assert ids(again) == [CASE]


def test_a_ticket_number_of_two_tenants(info):
    both, _calls = info(ticket_id=[70001])
    one, made = info(ticket_id=[70001], tenant="Example Clinic")
    assert {case["tenant_name"] for case in both["cases"]} == {"Example Tenant", "Example Clinic"}
    assert [case["tenant_name"] for case in one["cases"]] == ["Example Clinic"]
    assert made == [TOKEN, "GET tenants", LIST]


def test_a_case_of_another_tenant_is_refused(info):
    with pytest.raises(ConflictError, match="it belongs to tenant Example Tenant, not to Example Clinic"):
        info(case_id=[CASE], tenant="Example Clinic")


def _matches(case, name, value):
    """The meaning of each filter, written down once more, apart from the plugin's own."""
    return {
        "status": lambda: case["status"] in value,
        "severity": lambda: case["severity"] in value,
        "tags": lambda: bool(set(case["tags"]) & set(value)),
        "not_tags": lambda: not set(case["tags"]) & set(value),
        "min_score": lambda: case["score"] >= value,
        "max_score": lambda: case["score"] <= value,
        "min_size": lambda: case["size"] >= value,
        "created_after": lambda: case["created_at"] >= int(value),
        "created_before": lambda: case["created_at"] <= int(value),
        "modified_after": lambda: case["modified_at"] >= int(value),
        "modified_before": lambda: case["modified_at"] <= int(value),
        "assignee": lambda: case["assignee"] in value,
        "not_modified_by": lambda: case["modified_by"] not in value,
        "tenant": lambda: case["cust_id"] == value,
    }[name]()


RECENT = str(int(time.time() * 1000) - 20 * 86_400_000)
FILTERS = [
    {},
    {"status": ["New"]},
    {"status": ["New", "In Progress", "Escalated"]},
    {"severity": ["Critical", "High"], "status": ["New", "Resolved"]},
    {"tags": ["phishing"]},
    {"tags": ["phishing", "October-event"]},
    {"tags": ["October-event"], "not_tags": ["phishing"]},
    {"not_tags": ["phishing", "vip"]},
    {"min_score": 50, "max_score": 80.5},
    {"min_size": 5},
    {"created_after": RECENT},
    {"created_before": RECENT, "status": ["Resolved"]},
    {"modified_after": RECENT},
    {"modified_before": RECENT},
    {"assignee": [""]},
    {"assignee": ["0b54e8a2c1f94d7a9e63d27f58b1c0a4", ""]},
    {"not_modified_by": ["9887e386323148ea8c68d4cf0bc1cdf6"]},
    {"tenant": EXAMPLE_TENANT},
]
FILTER_PARAMETERS = ["status", "severity", "tags", "NOT~tags", "NOT~modified_by", "FROM~score", "TO~score", "tenantid"]
FILTER_PARAMETERS += ["FROM~modified_at", "TO~modified_at"]
# What the platform may do otherwise: none of it changes an answer.
PLATFORMS = {
    "as documented": {},
    "a window of 24 hours by default": {"default_window": "24h"},
    "one status only": {"multi_status": False},
    "bounds not included": {"range_from_inclusive": False, "range_to_inclusive": False},
    "small pages": {"page_cap": 7},
    "no deep skip": {"skip_ceiling": 506, "page_cap": 7},
    "filters ignored": {"ignored_query_parameters": FILTER_PARAMETERS},
}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_filter_on_every_platform(sim, info, platform):
    sim.switch(**PLATFORMS[platform])
    store = sim.cases()
    for filters in FILTERS:
        expected = {case["_id"] for case in store if all(_matches(case, *item) for item in filters.items())}
        result, _calls = info(**filters)
        assert set(ids(result)) == expected, filters
        assert len(result["cases"]) == len(expected) == result["count"], filters
        assert info(**filters, count_only=True)[0]["count"] == len(expected), filters
    assert all(any(_matches(case, *item) for case in store) for filters in FILTERS for item in filters.items()), (
        "a filter that nothing matches tests nothing"
    )


def test_people_are_found_by_every_spelling(info):
    by_id, made_by_id = info(assignee=["826ef6979788454297c85cbba4a51c08"])
    assert CASE in ids(by_id)
    for spelling in ("ohtani@example.com", "ohtani", "OHTANI@example.com"):
        assert ids(info(assignee=[spelling])[0]) == ids(by_id)
    assert made_by_id == [TOKEN, USERS, LIST]
    with pytest.raises(InputError, match="Could not find user ohtanni"):
        info(assignee=["ohtanni"])


@pytest.mark.parametrize("field", ["created_at", "modified_at", "score"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_sort_and_limit(sim, info, field, order):
    sim.switch(page_cap=7)
    values = sorted((case[field] for case in sim.cases()), reverse=order == "desc")
    result, _calls = info(sort=field, order=order)
    assert [case[field] for case in result["cases"]] == values
    first, _calls = info(sort=field, order=order, limit=5)
    assert [case[field] for case in first["cases"]] == values[:5]
    assert first["truncated"] is True
    assert info(limit=1000)[0]["truncated"] is False


def test_a_limit_on_the_newest_cases_reads_one_page(sim, info):
    sim.switch(page_cap=7)
    result, made = info(sort="created_at", order="desc", limit=5)
    assert made == [TOKEN, LIST]
    assert result["count"] == 5


def test_all_pages_of_a_thousand_and_more(sim, info):
    sim.reset(cases=1203)
    result, made = info()
    assert sorted(ids(result)) == sorted(case["_id"] for case in sim.cases())
    assert made == [TOKEN, LIST, LIST, LIST]


def test_cases_that_move_while_the_pages_are_read_are_not_lost(sim, info):
    """Paging by offset would skip one case for each that leaves the listing."""
    sim.switch(page_cap=10)
    store = [case for case in sim.cases() if case["status"] == "New"]
    first = min(store, key=lambda case: case["created_at"])
    sim.edit(first["_id"], {"status": "Resolved"}, user="ohtani@example.com", after={"method": "GET", "path": "/cases"})
    result, _calls = info(status=["New"])
    assert len(store) > 10
    assert {case["_id"] for case in store} - set(ids(result)) <= {first["_id"]}


@pytest.mark.parametrize(
    "platform",
    [
        {"ignored_query_parameters": ["skip", "FROM~created_at"]},
        {"ignored_query_parameters": ["sort", "skip"], "page_cap": 3, "default_sort": "score"},
        {"skip_ceiling": 500, "skip_ceiling_answer": "empty"},
    ],
)
@pytest.mark.parametrize("options", [{}, {"count_only": True}])
def test_a_result_that_was_cut_says_so(sim, info, platform, options):
    """Seven hundred cases of one millisecond, and a platform on which no way leads past a page."""
    sim.add_cases([{"_id": f"{number:024x}", "created_at": 1_660_742_474_000} for number in range(700)])
    sim.switch(**platform)
    with pytest.raises(ApiError, match=r"the platform announces \d+ cases and gives \d+"):
        info(**options, not_tags=["x"])


def test_a_result_that_was_cut_says_so_without_a_total_too(sim, info):
    record = {**sim.case(CASE), "_id": "0" * 24}
    sim.fault("wrong_shape", path="/cases", body={"data": {"cases": [record]}}, times=0)
    with pytest.raises(ApiError, match="announces more cases and gives 1"):
        info()


def test_cases_that_leave_the_listing_are_no_cut(sim, info):
    sim.switch(page_cap=10)
    store = sorted((case for case in sim.cases() if case["status"] == "New"), key=lambda case: case["created_at"])
    sim.edit(
        store[-1]["_id"], {"status": "Resolved"}, user="ohtani@example.com", after={"method": "GET", "path": "/cases"}
    )
    result, _calls = info(status=["New"])
    assert ids(result) == [case["_id"] for case in store[:-1]]


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_a_platform_that_ignores_sort_does_not_decide_what_limit_cuts(sim, info, order):
    sim.switch(ignored_query_parameters=["sort", "order"], default_sort="score")
    times = sorted((case["created_at"] for case in sim.cases()), reverse=order == "desc")
    result, _calls = info(order=order, limit=3)
    assert [case["created_at"] for case in result["cases"]] == times[:3]


def test_a_count_does_not_trust_tags_that_are_ignored_later(sim, info):
    tags = [["t"]] * 600 + [[]] * 400
    sim.add_cases(
        [
            {"_id": f"{number:024x}", "tags": held, "created_at": 1_500_000_000_000 + number}
            for number, held in enumerate(tags)
        ]
    )
    result, made = info(tags=["t"], count_only=True)
    assert (result["count"], made) == (600, [TOKEN, LIST, LIST])
    sim.switch(ignored_query_parameters=["tags"])
    assert info(tags=["t"], count_only=True)[0]["count"] == 600


def test_a_count_does_not_trust_a_filter_that_is_ignored_later(sim, info):
    levels = ["Low"] * 600 + ["High"] * 400
    sim.add_cases(
        [
            {"_id": f"{number:024x}", "severity": level, "tags": ["t"], "created_at": 1_660_742_474_000 + number}
            for number, level in enumerate(levels)
        ]
    )
    sim.switch(ignored_query_parameters=["severity"])
    assert info(tags=["t"], severity=["Low"], count_only=True)[0]["count"] == 600


def test_a_person_that_cannot_be_looked_up_is_said(sim, info):
    sim.switch(users_status=403)
    result, made = info(assignee=["ohtani@example.com", "ohtani", ""], not_modified_by=["8" * 32])
    assert len(result["warnings"]) == 2
    assert "ohtani@example.com can't be looked up" in result["warnings"][0]
    assert made.count(USERS) == 1


@pytest.mark.parametrize(
    ("filters", "made"),
    [
        ({"tags": ["October-event"]}, [TOKEN, LIST]),
        ({"status": ["New", "Resolved"], "severity": ["High"]}, [TOKEN, LIST, LIST]),
    ],
)
def test_counting_by_documented_filters_takes_one_call_a_combination(info, filters, made):
    assert info(**filters, count_only=True)[1] == made


# -- include ---------------------------------------------------------------------------------------------

PARTS = {
    "alerts": ["cases/ID/alerts"],
    "observables": ["cases/ID/observables"],
    "summary": ["cases/ID/summary"],
    "comments": ["cases/ID/comments"],
    "activities": ["cases/ID/activities"],
    "scores": ["cases/ID/scores"],
}


def test_everything_that_belongs_to_a_case(sim, info):
    result, made = info(case_id=[CASE], include=list(PARTS))
    case = result["cases"][0]
    assert made == [TOKEN, GET, *("GET " + path for paths in PARTS.values() for path in paths)]
    assert len(case["alerts"]) == case["size"] == 17
    assert set(case["alerts"][0]) >= {"_id", "_index", "_source"}
    assert isinstance(case["observables"], dict)
    assert "Involved" in case["summary"]
    assert all(set(entry) >= {"timestamp", "action", "field"} for entry in case["activities"])
    assert result["include_errors"] == []


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_fails_leaves_the_rest(sim, info, part):
    sim.fault("status", status=500, path=f"/cases/*/{part}", times=0)
    result, _calls = info(case_id=[CASE], include=list(PARTS))
    case = result["cases"][0]
    assert case[part] is None
    assert [(error["case_id"], error["include"]) for error in result["include_errors"]] == [(CASE, part)]
    assert "HTTP 500" in result["include_errors"][0]["msg"]
    assert all(case[other] is not None for other in PARTS if other != part)
    assert result["warnings"]


def test_a_part_that_never_answers_leaves_the_rest(sim, info):
    sim.fault("stall", path="/cases/*/summary", times=0)
    result, _calls = info(case_id=[CASE], include=["summary", "comments"], timeout=1, retries=0)
    assert [error["include"] for error in result["include_errors"]] == ["summary"]
    assert "no complete answer in time" in result["include_errors"][0]["msg"]
    assert result["cases"][0]["comments"] is not None


def test_a_part_of_the_wrong_shape_is_named_too(sim, info):
    sim.fault("wrong_shape", path="/cases/*/comments", times=0, body={"detail": 1})
    result, _calls = info(case_id=[CASE], include=["comments", "summary"])
    assert [error["include"] for error in result["include_errors"]] == ["comments"]


@pytest.mark.parametrize("needs_paging", [False, True])
def test_all_alerts_of_a_big_case(sim, info, needs_paging):
    sim.switch(alerts_need_paging=needs_paging)
    big = max(sim.cases(), key=lambda case: case["size"])
    result, made = info(case_id=[big["_id"]], include=["alerts"])
    alerts = result["cases"][0]["alerts"]
    assert len({alert["_id"] for alert in alerts}) == len(alerts) == big["size"] > 50
    assert made.count("GET cases/ID/alerts") == big["size"] // 50 + 1


def test_alerts_in_shorter_pages_than_asked_for(sim, info):
    sim.switch(alerts_limit=20)
    big = max(sim.cases(), key=lambda case: case["size"])
    result, _calls = info(case_id=[big["_id"]], include=["alerts"])
    assert len(result["cases"][0]["alerts"]) == big["size"]


def test_an_expired_token_is_not_taken_for_a_key_that_may_not_read_tenants(info):
    with pytest.raises(AuthenticationError, match="expired or is wrong"):
        info(tenant="Example Tenant", api_key=None, access_token="none")


def test_scores_of_an_older_platform(sim, info):
    sim.switch(scores_path=False)
    result, made = info(case_id=[CASE], include=["scores"])
    assert made[2:] == ["GET cases/ID/scores", "GET cases/ID/activity/score"]
    assert isinstance(result["cases"][0]["scores"], list)


# -- what does not go together -----------------------------------------------------------------------------


@pytest.mark.parametrize("status", [404, 410])
def test_a_case_that_is_gone_is_missing(sim, info, status):
    sim.switch(unknown_case_status=status)
    sim.delete_case(CASE)
    result, _calls = info(case_id=[CASE])
    assert (result["cases"], result["missing"]) == ([], [CASE])


def test_errors_are_not_taken_for_missing_cases(sim, info):
    sim.fault("status", status=501, path="/cases/*")
    with pytest.raises(ApiError, match="HTTP 501"):
        info(case_id=[CASE])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"created_after": "soon"}, "created_after: 'soon' is not a valid time"),
        ({"modified_before": "7 days"}, "modified_before: '7 days' is not a valid time"),
        ({"tags": ["a,b"]}, 'tags: tag "a,b" contains a comma'),
        ({"not_tags": [""]}, 'not_tags: tag "" is empty'),
        ({"limit": 0}, "limit must be 1 or more; got 0."),
        ({"tags": []}, "tags is an empty list"),
        ({"status": []}, "status is an empty list"),
        ({"not_tags": []}, "not_tags is an empty list"),
        ({"assignee": []}, "assignee is an empty list"),
        ({"min_score": 500}, "must be from 0 to 100; got 500"),
        ({"created_after": "2099-01-01"}, "is in the future"),
        ({"min_score": 5, "max_score": 4}, "the range is empty"),
        ({"created_after": "1d", "created_before": "2d"}, "the range is empty"),
        ({"case_id": ["a/b"]}, "must have only letters, digits, - and _"),
        ({"count_only": True, "limit": 3}, "count_only"),
        ({"count_only": True, "include": ["alerts"]}, "count_only"),
    ],
)
def test_bad_input_before_any_request(sim, info, options, message):
    with pytest.raises(InputError) as caught:
        info(**options)
    assert message in str(caught.value)
    assert sim.requests() == []


def test_a_tenant_that_does_not_exist(info):
    with pytest.raises(InputError, match="Could not find tenant Nowhere"):
        info(tenant="Nowhere")


def test_a_key_that_cannot_read_tenants(sim, info):
    sim.switch(tenants_status=403)
    with pytest.raises(InputError, match="can't read the tenants"):
        info(tenant="Example Tenant")
    result, _calls = info(tenant=EXAMPLE_TENANT)
    assert {case["cust_id"] for case in result["cases"]} == {EXAMPLE_TENANT}


def test_a_playbook_gates_on_it(play):
    run = play(
        [
            {"stellarcyber.xdr.stellar_case_info": {"tags": ["October-event"]}, "register": "found"},
            {"ansible.builtin.assert": {"that": "found.count == found.cases | length"}},
            {"stellarcyber.xdr.stellar_case_info": {"tags": ["a"], "case_id": ["b"]}, "ignore_errors": True},
        ],
        "--check",
    )
    assert run.returncode == 0, run.output
    assert run[0].calls == [TOKEN, LIST]
    assert "case_id and tags are mutually exclusive" in run[2].result["msg"]
