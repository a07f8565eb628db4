# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""stellar_tenant_info and stellar_user_info: what a key can see, filters, and lists that can't be read or used."""

from __future__ import annotations

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.accounts import TENANT_INFO, USER_INFO
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import (
    ApiError,
    AuthenticationError,
    InputError,
    StellarError,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.accounts import TENANT_FIELDS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.accounts import run_tenant_info, run_user_info
from tests import evidence, hostile_text
from tests.canned import http
from tests.integration.hostile_platform import params
from tests.integration.many import CLINIC_ID, EXAMPLE_TENANT_ID, OHTANI_ID
from tests.integration.playbook import calls, parameters

TOKEN, TENANTS, USERS = "POST access_token", "GET tenants", "GET users"
INFO = "stellarcyber.xdr.stellar_tenant_info"


@pytest.fixture
def tenants(sim):
    """tenants(**options) -> (result, calls)"""

    def run(**options):
        sim.clear_requests()
        result = run_tenant_info(parameters(TENANT_INFO, sim, **options), False, lambda secret: None)
        return result, calls(sim.requests())

    return run


@pytest.fixture
def users(sim):
    """users(**options) -> (result, calls)"""

    def run(**options):
        sim.clear_requests()
        result = run_user_info(parameters(USER_INFO, sim, **options), False, lambda secret: None)
        return result, calls(sim.requests())

    return run


@pytest.fixture
def said(attack):
    """said(run, options of the module, answer to its list, **options): the result, or the error"""

    def run(function, table, answer, **options):
        attack.platform.said = {TENANTS: answer, USERS: answer}
        try:
            return function(params(table, attack.server, **options), False, lambda secret: None)
        except StellarError as error:
            return error

    return run


def names(result):
    return [tenant["cust_name"] for tenant in result["tenants"]]


def emails(result):
    return [user["email"] for user in result["users"]]


def test_all_tenants_by_one_request(tenants):
    result, made = tenants()
    assert names(result) == ["Example Clinic", "Example Harbour", "Example Tenant"]
    assert made == [TOKEN, TENANTS]
    assert (result["count"], result["missing"], result["unusable"], result["changed"]) == (3, [], [], False)
    assert result["scope"] == "all tenants"
    assert set(result["tenants"][0]) == set(TENANT_FIELDS)
    assert result["tenants"][0]["tgrp_name"] == "Example Health Group"


def test_a_scoped_key_sees_its_tenants(sim, tenants):
    result, _calls = tenants(username=None, api_key=sim.scoped_key)
    assert {tenant["cust_id"] for tenant in result["tenants"]} == set(sim.scoped_tenants)


@pytest.mark.parametrize(
    ("options", "found", "missing"),
    [
        ({"tenants": ["Example Tenant"]}, ["Example Tenant"], []),
        ({"tenants": [EXAMPLE_TENANT_ID.upper(), CLINIC_ID]}, ["Example Clinic", "Example Tenant"], []),
        ({"tenants": ["Example [CH]*"]}, ["Example Clinic", "Example Harbour"], []),
        ({"tenants": ["example tenant", "Example Clinic"]}, ["Example Clinic"], ["example tenant"]),
        ({"tenant_groups": ["Example Health *"]}, ["Example Clinic"], []),
        ({"tenant_groups": [""]}, ["Example Harbour", "Example Tenant"], []),
        ({"tenant_groups": ["*"]}, ["Example Clinic"], []),
        ({"exclude_tenants": ["*Tenant", "Nobody"]}, ["Example Clinic", "Example Harbour"], ["Nobody"]),
        ({"exclude_tenant_groups": ["Example Health Group"]}, ["Example Harbour", "Example Tenant"], []),
        ({"tenant_groups": [""], "exclude_tenants": ["*Harbour"]}, ["Example Tenant"], []),
        ({"tenants": ["Example Clinic"], "tenant_groups": [""]}, [], []),
        ({"tenant": "Example Clinic"}, ["Example Clinic"], []),
        ({"tenant": CLINIC_ID, "tenants": ["Example Tenant"]}, [], ["Example Tenant"]),
    ],
)
def test_filters_of_tenants(tenants, options, found, missing):
    result, made = tenants(**options)
    assert (names(result), result["missing"]) == (found, missing)
    assert result["count"] == len(found)
    assert made == [TOKEN, TENANTS]


def test_the_scope_is_that_of_the_connection(tenants):
    result, _calls = tenants(tenant="Example Clinic")
    assert result["scope"] == f"tenant Example Clinic ({CLINIC_ID})"


def test_all_users_by_one_request(users):
    result, made = users()
    assert emails(result) == sorted(emails(result))
    assert result["count"] == 7
    assert made == [TOKEN, USERS]
    assert result["scope"] == "all tenants"
    ohtani = next(user for user in result["users"] if user["user_id"] == OHTANI_ID)
    assert ohtani == {
        "user_id": OHTANI_ID,
        "email": "ohtani@example.com",
        "name": "ohtani",
        "priv_profile_id": "Analyst",
    }


@pytest.mark.parametrize(
    ("given", "found", "missing"),
    [
        (["ohtani"], ["ohtani@example.com"], []),
        (["OHTANI@Example.com"], ["ohtani@example.com"], []),
        ([OHTANI_ID.upper()], ["ohtani@example.com"], []),
        (["*-shift@example.com"], ["day-shift@example.com", "night-shift@example.com"], []),
        (["nobody", "ohtani"], ["ohtani@example.com"], ["nobody"]),
    ],
)
def test_filter_of_users(users, given, found, missing):
    result, _calls = users(users=given)
    assert (emails(result), result["missing"]) == (found, missing)


def test_a_user_who_is_listed_twice_is_one(sim, users):
    sim.switch(users_twice=True)
    assert users()[0]["count"] == 7


def test_a_tenant_does_not_limit_the_users_and_says_so(users):
    result, made = users(tenant="Example Clinic")
    assert (result["count"], result["scope"]) == (7, "all tenants")
    assert result["warnings"] == [
        "tenant does not limit the users, since the platform does not show the tenants of a user. These are all users "
        "that the key can see."
    ]
    assert made == [TOKEN, TENANTS, USERS]
    with pytest.raises(InputError, match="Could not find tenant Exampel"):
        users(tenant="Exampel")


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_list_that_can_not_be_read_is_an_error(sim, tenants, users, status, waits):
    sim.switch(tenants_status=status, users_status=status)
    for run, path in ((tenants, "tenants"), (users, "users")):
        with pytest.raises(ApiError, match=rf"Could not read the {path} \(GET .*/{path}\): HTTP {status}") as caught:
            run()
        assert caught.value.result["platform"] == sim.host
        assert ("without a list of" in str(caught.value)) == (status == 404)
        assert ("no permission" in str(caught.value)) == (status == 403)


def test_a_key_that_is_refused(sim, tenants):
    with pytest.raises(AuthenticationError):
        tenants(api_key="wrong")
    assert calls(sim.requests()) == [TOKEN]


@pytest.mark.parametrize(
    ("function", "table", "options", "message"),
    [
        (run_tenant_info, TENANT_INFO, {"tenants": []}, "tenants is an empty list, which no tenant matches."),
        (run_tenant_info, TENANT_INFO, {"exclude_tenants": []}, "exclude_tenants is an empty list"),
        (run_tenant_info, TENANT_INFO, {"tenant_groups": []}, "tenant_groups is an empty list"),
        (run_tenant_info, TENANT_INFO, {"tenants": ["a", ""]}, "tenants has an empty item."),
        (
            run_tenant_info,
            TENANT_INFO,
            {"tenant_groups": [" "]},
            "tenant_groups has an item that contains only spaces.",
        ),
        (run_user_info, USER_INFO, {"users": []}, "users is an empty list, which no user matches."),
        (run_user_info, USER_INFO, {"users": ["  "]}, "users has an empty item."),
    ],
)
def test_a_filter_that_says_nothing_is_an_error_before_anything_is_sent(sim, function, table, options, message):
    sim.clear_requests()
    with pytest.raises(InputError) as caught:
        function(parameters(table, sim, **options), False, lambda secret: None)
    assert str(caught.value).startswith(message)
    assert sim.requests() == []


ID = "a" * 32
ODD = [
    *(None, 7, [], "x", {}, {"cust_name": "x"}, {"cust_id": 7}, {"cust_id": "../x"}, {"cust_id": "{{ x }}"}),
    *({"cust_id": ID, "cust_name": ["x"]}, {"cust_id": ID, "tgrp_name": 5}),
]


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_an_odd_record_is_left_out_and_named(said, odd):
    result = said(run_tenant_info, TENANT_INFO, {"data": [odd, {"cust_id": "b" * 32, "cust_name": "B", "more": 1}]})
    assert result["tenants"] == [{"cust_id": "b" * 32, "cust_name": "B"}]
    assert [each["msg"] for each in result["unusable"]] == result["warnings"]
    assert result["warnings"][0].startswith("Could not use a record of the platform's list of tenants: ")
    alone = said(run_tenant_info, TENANT_INFO, {"data": [odd]})
    assert isinstance(alone, ApiError), alone


def test_users_of_other_keys_and_odd_ones(said):
    records = [{"id": "1", "username": "one"}, {"email": "two@example.com"}, {"name": "three"}, 4, {"user_id": 5}]
    result = said(run_user_info, USER_INFO, {"data": records})
    assert [(user["user_id"], user["email"], user["name"]) for user in result["users"]] == [
        ("1", "", "one"),
        ("", "two@example.com", ""),
    ]
    assert len(result["unusable"]) == len(result["warnings"]) == 3


def test_many_odd_records_are_a_few_warnings(said):
    records = [{"cust_id": ID, "cust_name": "A"}, *([None] * 500)]
    result = said(run_tenant_info, TENANT_INFO, {"data": records})
    assert len(result["warnings"]) == 11
    assert len(result["unusable"]) == 500


@pytest.mark.parametrize("answer", [{}, {"data": {}}, {"data": "x"}, {"tenants": []}, []])
def test_an_answer_without_a_list_is_an_error(said, answer):
    for function, table in ((run_tenant_info, TENANT_INFO), (run_user_info, USER_INFO)):
        assert isinstance(said(function, table, answer), ApiError)


@pytest.mark.parametrize("empty", [[], None])
def test_an_empty_list_is_a_result(said, empty):
    assert said(run_tenant_info, TENANT_INFO, {"data": empty})["tenants"] == []
    assert said(run_user_info, USER_INFO, {"data": empty})["users"] == []


def test_a_platform_that_does_not_show_groups_can_not_be_filtered_by_them(said):
    answer = {"data": [{"cust_id": ID, "cust_name": "A"}]}
    for option in ("tenant_groups", "exclude_tenant_groups"):
        error = said(run_tenant_info, TENANT_INFO, answer, **{option: ["x"]})
        assert isinstance(error, InputError)
        assert str(error) == (
            f"{option} can't be used: the platform does not show the group of 1 tenants, such as A. "
            "Give tenants by name or id."
        )
    assert said(run_tenant_info, TENANT_INFO, answer)["count"] == 1


def test_a_broken_answer(said):
    assert isinstance(said(run_tenant_info, TENANT_INFO, http(b'{"data": [{"cust_id')), StellarError)


def test_by_ansible_playbook_in_process_and_as_modules(sim, play):
    tasks = [
        {f"{INFO}": {"tenants": ["Example Clinic"]}, "check_mode": True},
        {f"{INFO}": {}, "vars": {"stellar_tenant": "Example Clinic"}, "environment": {"ANY": "thing"}},
        {"stellarcyber.xdr.stellar_user_info": {"users": "ohtani,auditor"}},
        {"stellarcyber.xdr.stellar_user_info": {"users": ["ohtani"]}, "environment": {"ANY": "thing"}},
        {f"{INFO}": {"tenant_group": ["x"]}, "ignore_errors": True},
        {f"{INFO}": {"tenants": None}, "ignore_errors": True},
    ]
    run = play(tasks)
    assert run.returncode == 0, run.output
    for task in run.tasks[:2]:
        assert (names(task.result), task.result["changed"]) == (["Example Clinic"], False)
        assert task.calls[-1] == TENANTS
    assert emails(run[2].result) == ["auditor@example.com", "ohtani@example.com"]
    assert emails(run[3].result) == ["ohtani@example.com"]
    assert "tenant_group. Supported are access_token" in run[4].result["msg"]
    assert run[5].result["msg"] == "tenants has no value. Give one, or leave the option out."
    assert run[4].requests == run[5].requests == []
    assert not any(task.writes for task in run.tasks)


# -- hostile texts ------------------------------------------------------------------------------------


def test_texts_of_tenants_and_users_are_what_the_platform_has(said):
    titles = list(hostile_text.TEXTS)
    texts = [text[:10_000] for text in hostile_text.TEXTS.values()]
    numbered = [(f"{number:032x}", text) for number, text in enumerate(texts)]
    tenants = [{"cust_id": id_, "cust_name": text, "tgrp_name": text, "info": {text: text}} for id_, text in numbered]
    found = said(run_tenant_info, TENANT_INFO, {"data": tenants})["tenants"]
    expected = {tenant["cust_id"]: hostile_text.as_read(tenant) for tenant in tenants}
    assert {tenant["cust_id"]: tenant for tenant in found} == expected
    users = [{"user_id": id_, "email": text, "name": text, "priv_profile_id": text} for id_, text in numbered]
    found = said(run_user_info, USER_INFO, {"data": users})["users"]
    assert {user["user_id"]: user for user in found} == {user["user_id"]: hostile_text.as_read(user) for user in users}
    for title in titles:
        evidence.record("hostile text", text=title, place="tenant of a list", through="stellar_tenant_info")
        evidence.record("hostile text", text=title, place="user of a list", through="stellar_user_info")


@pytest.mark.parametrize("environment", [{}, {"ANY": "thing"}], ids=["in process", "as a module"])
def test_hostile_names_are_not_evaluated_in_a_play(sim, play, tmp_path, environment):
    texts = hostile_text.texts(tmp_path / "executed")
    tenants = {f"{number:032x}": text[:10_000] for number, text in enumerate(texts.values(), 1)}
    sim.put_tenants(*({"cust_id": id_, "cust_name": text, "tgrp_name": text} for id_, text in tenants.items()))
    run = play([{INFO: {}, "environment": environment, "register": "seen"}, {"ansible.builtin.debug": {"var": "seen"}}])
    assert run.returncode == 0, run.output[-3000:]
    for result in (run[0].result["tenants"], run[1].result["seen"]["tenants"]):
        assert {each["cust_id"]: each["cust_name"] for each in result} == hostile_text.as_read(tenants)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("name", hostile_text.TEXTS)
def test_messages_about_hostile_names_are_one_harmless_line(said, name):
    text = hostile_text.TEXTS[name][:10_000]
    answers = [{"data": [{"cust_id": ID, "cust_name": [text]}]}, {"data": [{"cust_id": text + "/"}]}]
    given = [
        *(said(run_tenant_info, TENANT_INFO, answer) for answer in answers),
        said(run_tenant_info, TENANT_INFO, {"data": [{"cust_id": ID, "cust_name": text}]}, tenant_groups=["x"]),
        said(run_tenant_info, TENANT_INFO, {"data": [{"cust_id": ID, "cust_name": text}]}, tenant="no such tenant"),
    ]
    for error in given:
        assert isinstance(error, StellarError)
        message = str(error)
        assert not hostile_text.steering(message)
        assert "\n" not in message
        assert not hostile_text.commands(message)
