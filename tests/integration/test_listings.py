# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists on platforms that page, count, shape and end them in their own ways: all cases, or an error that says why."""

from __future__ import annotations

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE as CASE_OPTIONS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE_INFO, LOOKUP
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.cases import CASES
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import (
    ApiError,
    IncompleteError,
    InputError,
    TransportError,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case, run_case_info, run_lookup
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.cases import run_cases
from tests.integration.many import case
from tests.integration.playbook import CASE, parameters

X = 1_660_742_474_123


def ignore(secret):
    return None


@pytest.fixture
def info(sim):
    return lambda **options: run_case_info(parameters(CASE_INFO, sim, **options), False, ignore)


@pytest.fixture
def rules(sim):
    def run(*rules, check_mode=True, **options):
        return run_cases(parameters(CASES, sim, rules=list(rules), **options), check_mode, ignore)

    return run


@pytest.fixture
def lookup(sim):
    return lambda **options: run_lookup(parameters(LOOKUP, sim, **options), ignore)


def asked(sim, name="limit"):
    """The values of an argument in the lists of cases that were asked for, in their order."""
    lists = [dict(entry["query"]) for entry in sim.requests() if entry["path"].endswith("/v1/cases")]
    return [int(query[name]) for query in lists]


def many(sim, count, **fields):
    sim.reset(cases=0)
    sim.add_cases([case(number, **{name: of(number) for name, of in fields.items()}) for number in range(count)])


def ids(result):
    return {record["_id"] for record in result["cases"]}


def of_store(sim):
    return {record["_id"] for record in sim.cases()}


# -- the size of a page ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "limits"),
    [
        ({"limit": 1}, [2]),
        ({"limit": 30}, [31]),
        ({"limit": 700}, [500]),
        ({"limit": 1, "sort": "score"}, [500]),
        ({"limit": 1, "min_size": 2}, [500]),
        ({"count_only": True, "tags": ["October-event"]}, [20]),
        ({"ticket_id": [67535]}, [20]),
        ({"tags": ["October-event"]}, [500]),
    ],
)
def test_no_more_is_asked_for_than_needed(sim, info, options, limits):
    info(**options)
    assert asked(sim) == limits


def test_pages_grow_where_a_platform_ignores_a_filter(sim, info):
    many(sim, 1000, severity=lambda number: "High" if number > 900 else "Low")
    sim.switch(ignored_query_parameters=["severity"])
    assert info(limit=1, severity=["High"])["count"] == 1
    assert asked(sim) == [2, 8, 32, 128, 500, 500]


@pytest.mark.parametrize(
    ("switches", "limits"),
    [
        ({"limit_max": 100, "limit_max_status": 422}, [500, 250, 125, 62]),
        ({"limit_max": 200, "limit_max_status": 400}, [500, 250, 125]),
        ({"limit_max": 200, "limit_max_status": 413}, [500, 250, 125]),
        ({"limit_max": 100, "limit_max_status": 504}, [500, 500, 62]),
        ({"case_padding": 200_000}, [500, 250, 125, 62]),
    ],
)
def test_a_page_that_a_platform_cannot_give_is_asked_for_in_a_smaller_size(sim, info, rules, lookup, switches, limits):
    many(sim, 150)
    sim.switch(**switches)
    sim.clear_requests()
    result = info()
    assert ids(result) == of_store(sim)
    assert asked(sim)[: len(limits)] == limits
    assert set(asked(sim)[len(limits) :]) <= {limits[-1]}
    assert len(result["warnings"]) == 1
    assert f"in pages of at most {limits[-1]}." in result["warnings"][0]
    listed = rules({"name": "all", "match": {}})
    assert (listed["counts"]["findings"], listed["warnings"]) == (150, result["warnings"])
    found = lookup()
    assert (len(found["found"]), found["warnings"]) == (150, result["warnings"])


def test_a_page_that_takes_too_long_is_asked_for_in_a_smaller_size(sim, info):
    many(sim, 150)
    sim.fault("latency", path="/cases", times=0, query={"limit": "500"}, ms=4000)
    result = info(timeout=1)
    assert ids(result) == of_store(sim)
    assert asked(sim)[:2] == [500, 62]
    assert "no answer in time" in result["warnings"][0]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_another_refusal_is_no_reason_for_a_smaller_page(sim, info, status):
    sim.fault("status", path="/cases", times=0, status=status)
    with pytest.raises(Exception, match=f"HTTP {status}"):
        info()
    assert set(asked(sim)) == {500}


def test_without_retries_a_failure_stands(sim, info):
    sim.fault("status", path="/cases", times=0, status=504)
    with pytest.raises(ApiError, match="HTTP 504"):
        info(retries=0)
    assert asked(sim) == [500]


def test_no_connection_is_no_reason_for_a_smaller_page(info):
    with pytest.raises(TransportError, match="Connection refused"):
        info(host="https://127.0.0.1:9", retries=0, access_token="x" * 20)


def test_a_platform_that_fails_at_every_size_says_so(sim, info, waits):
    sim.fault("status", path="/cases", times=0, status=503)
    with pytest.raises(ApiError, match=r"HTTP 503.* The page had at most 10 cases\.") as caught:
        info()
    assert asked(sim) == [500] * 2 + [62] * 2 + [10] * 5
    assert caught.value.details["attempts"] == 5


def test_cases_that_are_too_large_in_the_smallest_page_are_no_login_page(sim, info):
    many(sim, 20)
    sim.switch(case_padding=2_000_000)
    with pytest.raises(ApiError, match=r"is larger than 16 MiB\. The page had at most 10 cases\.") as caught:
        info()
    assert "login" not in str(caught.value)


def test_lists_have_more_time_unless_timeout_is_set(sim, info):
    sim.fault("latency", path="/cases", times=1, ms=1500)
    with pytest.raises(TransportError, match="timeout is 1 s"):
        info(timeout=1, retries=0)


# -- total -------------------------------------------------------------------------------------------------

TOTALS = [
    {"list_total": "page"},
    {"list_total": "zero"},
    {"list_total": "absent"},
    {"list_total": "capped", "list_total_cap": 1000},
    {"list_total": "capped", "list_total_cap": 7},
    {"list_total": "page", "page_cap": 100},
    {"list_total": "zero", "page_cap": 7},
    {"list_total": "absent", "page_cap": 7},
]


@pytest.mark.parametrize("switches", TOTALS, ids=str)
def test_a_total_of_another_kind_loses_no_case(sim, info, rules, lookup, switches):
    many(sim, 1200, status=lambda number: ("New", "Resolved")[number % 2])
    sim.switch(**switches)
    assert ids(info()) == of_store(sim)
    assert rules({"name": "all", "match": {}})["counts"]["findings"] == 1200
    assert info(limit=1100)["count"] == 1100
    for status in ([], ["New"]):
        filters = {"status": status} if status else {}
        counted = info(count_only=True, **filters)
        expected = (1200 // 2 if status else 1200, "reading")
        if switches.get("list_total_cap") == 1000 and status:
            expected = (600, "total")
        assert (counted["count"], counted["counted_by"]) == expected
        assert lookup(result="count", **filters)["found"] == [expected[0]]


@pytest.mark.parametrize(("count", "made"), [(0, 1), (7, 1), (20, 2), (21, 2), (600, 2), (1001, 2)])
def test_a_healthy_count_takes_two_requests_at_most(sim, info, count, made):
    many(sim, count)
    result = info(count_only=True)
    assert (result["count"], len(asked(sim))) == (count, made)
    assert result["counted_by"] == ("total" if made == 2 else "reading")


def test_a_total_that_looks_like_a_cap_is_not_believed(sim, info):
    many(sim, 1200)
    sim.switch(list_total="capped", list_total_cap=1000)
    assert (info(count_only=True)["count"], max(asked(sim, "skip"))) == (1200, 999)


# -- the shape of cases ------------------------------------------------------------------------------------

FORMS = [
    {"times_form": "text", "score_form": "text"},
    {"times_form": "iso", "score_form": "text"},
    {"times_form": "seconds"},
]


@pytest.mark.parametrize("places", [["list"], ["list", "get", "put"]])
@pytest.mark.parametrize("switches", FORMS, ids=str)
def test_times_and_numbers_in_other_forms_are_read(sim, info, rules, switches, places):
    month = 30 * 86_400_000
    bound = max(record["modified_at"] for record in sim.cases()) - month
    filters = {"modified_before": str(bound), "min_score": 50}
    expected = {record["_id"] for record in sim.cases() if record["modified_at"] <= bound and record["score"] >= 50}
    assert expected
    policy = {"name": "R", "match": dict(filters, status=["New"]), "set": {"status": "In Progress"}}
    sim.switch(**switches, shape_places=places)
    assert ids(info(**filters)) == expected
    assert ids(info(**filters, order="desc")) == expected
    first = rules(policy)
    assert first["counts"]["changed"] > 0
    done = rules(policy, check_mode=False)
    assert (done["counts"]["changed"], done["counts"]["failed"]) == (first["counts"]["changed"], 0)
    assert done["counts"]["skipped"] == 0
    assert rules(policy)["counts"]["changed"] == 0


def test_a_falling_list_in_seconds_loses_nothing(sim, info):
    many(sim, 1300, created_at=lambda number: X + 7 * number)
    sim.switch(times_form="seconds")
    assert ids(info(order="desc", limit=1299)) == of_store(sim) - {f"{0:024x}"}
    assert ids(info(order="desc", sort="score")) == of_store(sim)


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("modified_at", {"modified_after": "1d"}),
        ("score", {"min_score": 5}),
        ("score", {"sort": "score"}),
        ("created_at", {"limit": 5}),
        ("status", {"status": ["New"]}),
        ("severity", {"severity": ["High"]}),
        ("size", {"min_size": 2}),
    ],
)
def test_a_field_that_a_query_needs_and_that_is_absent_is_an_error(sim, info, lookup, field, options):
    sim.switch(absent_fields=[field])
    for ask in (info, lookup):
        with pytest.raises(ApiError, match=rf"Could not use case \w+ \(ticket \d+\) .*: {field} is absent\."):
            ask(**options)
    assert info()["count"] == len(sim.cases())


@pytest.mark.parametrize(
    ("field", "rule"),
    [
        ("modified_at", {"match": {"modified_before": "1d"}}),
        ("name", {"match": {"name": "a"}}),
        ("size", {"match": {"max_size": 2}}),
        ("status", {"match": {"not_status": ["New"]}}),
        ("severity", {"match": {}, "set": {"severity": "Low"}}),
    ],
)
def test_a_field_that_any_rule_needs_and_that_is_absent_is_an_error(sim, rules, field, rule):
    sim.switch(absent_fields=[field])
    with pytest.raises(ApiError, match=f"{field} is absent"):
        rules({"name": "other", "match": {}}, {"name": "R", **rule})
    assert rules({"name": "other", "match": {}})["counts"]["findings"] == len(sim.cases())


@pytest.mark.parametrize("switches", [{"absent_fields": ["tags"]}, {"empty_tags": "absent"}, {"empty_tags": "null"}])
def test_tags_that_a_list_leaves_out_are_read_from_the_case(sim, info, rules, switches):
    many(sim, 60, tags=lambda number: ["vip"] if number % 20 == 0 else [])
    vip = {record["_id"] for record in sim.cases() if record["tags"]}
    sim.switch(**switches)
    assert ids(info(tags=["vip"])) == vip
    assert ids(info(not_tags=["vip"])) == of_store(sim) - vip
    policy = {"name": "R", "match": {"tags": {"none": ["vip"]}}, "set": {"tags": {"add": ["seen"]}}}
    assert rules(policy)["counts"]["changed"] == 57
    adds = {"name": "R", "match": {}, "set": {"tags": {"add": ["vip"]}}}
    assert rules(adds)["counts"]["changed"] == 57
    sim.clear_requests()
    assert rules({"name": "R", "match": {}})["counts"]["findings"] == 60
    assert len([entry for entry in sim.requests() if "/v1/cases/" in entry["path"]]) == 0


def test_a_list_that_shows_tags_is_trusted_to_leave_out_empty_ones(sim, rules):
    many(sim, 100, tags=lambda number: ["vip"] if number == 0 else [])
    sim.switch(empty_tags="absent")
    adds = {"name": "R", "match": {}, "set": {"tags": {"add": ["vip"]}}}
    assert rules(adds)["counts"]["changed"] == 99
    assert len([entry for entry in sim.requests() if "/v1/cases/" in entry["path"]]) == 20


def test_tags_of_a_ticket_are_read_from_the_case(sim):
    sim.switch(absent_fields=["tags"])
    tag = sim.case(CASE)["tags"][0]
    options = parameters(CASE_OPTIONS, sim, ticket_id=67535, tags={"remove": [tag]})
    assert run_case(options, True, ignore)["changed"]


# -- empty lists, odd records ------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["null", "absent", "data_list", "data_null"])
def test_an_empty_list_in_any_form_is_empty(sim, info, rules, lookup, form):
    many(sim, 2, size=lambda number: 0)
    sim.switch(empty_list=form)
    assert info(tags=["none"])["cases"] == []
    assert info(tags=["none"], count_only=True)["count"] == 0
    assert lookup(tags=["none"])["found"] == []
    assert rules({"name": "R", "match": {"tags": {"any": ["none"]}}})["counts"]["read"] == 0
    assert info(count_only=True)["count"] == 2


@pytest.mark.parametrize("form", ["null", "data_null"])
@pytest.mark.parametrize("part", ["alerts", "comments", "activities", "scores"])
def test_an_empty_part_is_empty(sim, info, form, part):
    sim.fault("wrong_shape", path=f"/cases/*/{part}", times=0, body={"data": None})
    result = info(case_id=[CASE], include=[part])
    assert (result["cases"][0][part], result["include_errors"]) == ([], [])


@pytest.mark.parametrize("what", ["users", "tenants"])
def test_no_users_and_no_tenants_is_as_if_they_could_not_be_read(sim, info, what):
    sim.fault("wrong_shape", path=f"/{what}", times=0, body={"data": None})
    if what == "users":
        assert "can't be looked up" in info(assignee=["ohtani"])["warnings"][0]
    else:
        with pytest.raises(InputError, match="can't read the tenants"):
            info(tenant="Example Tenant")


ODD = {
    "null": "must be an object, got null",
    "text": "must be an object, got 'case'",
    "list": "must be an object, got",
    "empty": "_id must have only letters, digits, - and _, got null",
    "no_id": "_id must have only",
    "number_id": "_id must have only letters, digits, - and _, got 7",
    "bad_status": "status must be a string, got 7",
    "bad_tags": "tags must be a list of strings, got 'a,b'",
}


@pytest.mark.parametrize("kind", ODD)
def test_one_odd_record_is_named_and_the_others_go_on(sim, info, rules, lookup, kind):
    many(sim, 30)
    odd = f"{7:024x}"
    sim.switch(odd_record=kind, odd_record_id=odd)
    result = info()
    assert ids(result) == of_store(sim) - {odd}
    assert [entry["case_id"] for entry in result["unusable"]] == [odd if kind.startswith("bad_") else None]
    assert ODD[kind] in result["unusable"][0]["msg"]
    assert result["warnings"] == [result["unusable"][0]["msg"]]
    assert lookup()["warnings"] == result["warnings"]
    counted = info(count_only=True)
    assert (counted["count"], counted["counted_by"], counted["unusable"]) == (29, "reading", result["unusable"])
    policy = {"name": "R", "match": {}, "set": {"status": "In Progress"}}
    for check_mode in (True, False):
        with pytest.raises(IncompleteError, match="of 30 cases 1 failed") as caught:
            rules(policy, check_mode=check_mode)
        results = caught.value.result
        assert (results["counts"]["changed"], results["counts"]["failed"]) == (29, 1)
        failed = next(entry for entry in results["case_results"] if entry["outcome"] == "failed")
        assert ODD[kind] in failed["reason"]
        assert failed["case_id"] == result["unusable"][0]["case_id"]


def test_a_field_of_one_case_that_cannot_be_read_matters_only_where_it_is_needed(sim, info, rules):
    many(sim, 30)
    sim.switch(odd_record="bad_time", odd_record_id=f"{7:024x}")
    assert (info()["count"], info()["unusable"]) == (30, [])
    result = info(modified_after="2000-01-01")
    assert (result["count"], len(result["unusable"])) == (29, 1)
    assert "modified_at is not a valid time, got 'yesterday'." in result["unusable"][0]["msg"]
    with pytest.raises(IncompleteError, match="modified_at is not a valid time"):
        rules({"name": "R", "match": {"modified_after": "2000-01-01"}})


def test_a_case_that_is_odd_on_another_page_only_is_a_case(sim, info):
    many(sim, 1200)
    sim.switch(odd_record="bad_status")
    result = info()
    assert ids(result) == of_store(sim) - {f"{0:024x}"}
    assert [entry["case_id"] for entry in result["unusable"]] == [f"{0:024x}"]


def test_odd_records_only_are_no_list_of_cases(sim, info):
    many(sim, 1)
    sim.switch(odd_record="bad_status")
    with pytest.raises(ApiError, match=r"does not contain a list of cases.*status must be a string, got 7"):
        info()


# -- people --------------------------------------------------------------------------------------------------


def test_a_user_who_is_in_the_list_twice_is_one(sim):
    sim.switch(users_twice=True)
    options = parameters(CASE_OPTIONS, sim, case_id=CASE, assignee="ohtani@example.com")
    assert run_case(options, False, ignore)["case"]["assignee"] == "826ef6979788454297c85cbba4a51c08"


def test_an_id_that_the_list_does_not_show_can_be_assigned(sim):
    known = "826ef6979788454297c85cbba4a51c08"
    sim.switch(users_page=1)
    options = parameters(CASE_OPTIONS, sim, ticket_id=70001, tenant="Example Clinic", assignee=known)
    assert run_case(options, False, ignore)["case"]["assignee"] == known
    with pytest.raises(InputError, match="none of the 1 users"):
        run_case({**options, "assignee": "unknown@example.com"}, False, ignore)


# -- a skip above 1,000 --------------------------------------------------------------------------------------

TOGETHER = {
    "by the time of the last change": {"modified_at": lambda number: X + number},
    "by score": {"modified_at": lambda number: X, "score": lambda number: number % 101},
    "by status and severity": {
        "modified_at": lambda number: X,
        "score": lambda number: 50,
        "status": lambda number: ("New", "In Progress", "Resolved")[number % 3],
        "severity": lambda number: ("Low", "High")[number // 3 % 2],
    },
}


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("total", ["exact", "absent"])
@pytest.mark.parametrize("kind", TOGETHER)
def test_thousands_of_cases_of_one_ms_need_no_deep_skip(sim, info, kind, total, order):
    together = 3500
    many(
        sim,
        together + 40,
        created_at=lambda number: X if number < together else X + (number - together - 20),
        **TOGETHER[kind],
    )
    sim.switch(skip_max=1000, list_total=total)
    result = info(order=order, limit=9999)
    assert ids(result) == of_store(sim)
    assert max(asked(sim, "skip")) <= 1000
    moments = [record["created_at"] for record in result["cases"]]
    assert moments == sorted(moments, reverse=order == "desc")


def test_cases_that_no_filter_tells_apart_are_read_where_the_platform_lets_it(sim, info):
    alike = {"created_at": X, "modified_at": X, "score": 50, "severity": "Low"}
    many(sim, 1600, **{name: lambda number, value=value: value for name, value in alike.items()})
    assert ids(info()) == of_store(sim)
    sim.switch(skip_max=1000)
    with pytest.raises(ApiError, match="More than 1000 cases have the same times, score, status and severity"):
        info()


def test_an_unsorted_list_needs_no_deep_skip(sim, info):
    many(sim, 2500, created_at=lambda number: X + number, modified_at=lambda number: X + number * 7919 % 2500)
    sim.switch(skip_max=1000, ignored_query_parameters=["sort", "order"], default_sort="modified_at")
    assert ids(info()) == of_store(sim)


def test_alerts_beyond_a_skip_that_the_platform_refuses(sim, info):
    sim.case(CASE)
    sim.switch(alerts_limit=50)
    sim.put_case(CASE, size=1200)
    sim.fault("status", status=500, path="/cases/*/alerts", query={"skip": "1050"}, times=0)
    result = info(case_id=[CASE], include=["alerts"])
    assert result["cases"][0]["alerts"] is None
    assert "It is the page from alert 1050 on: some platforms refuse a skip above 1000." in result["warnings"][0]


def test_a_record_that_can_not_be_used_does_not_fail_the_task(sim, play):
    """Ansible has a meaning of its own for some keys of a result."""
    sim.switch(odd_record="no_id")
    run = play([{"stellarcyber.xdr.stellar_case_info": {"limit": 5}}])
    assert run.returncode == 0, run.output
    assert run[0].result["count"] == 5
    assert run[0].result["unusable"]
    assert "Could not use a record without a valid id" in run.output
