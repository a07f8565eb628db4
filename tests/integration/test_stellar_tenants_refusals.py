# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory stellar_tenants is never empty by accident: what fails has an exit code, and no list of hosts."""

from __future__ import annotations

import pytest

from tests.integration.inventory import refuses, tenant

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_list_that_can_not_be_read_fails(sim, listed, status):
    sim.switch(tenants_status=status)
    refuses(listed(STELLAR_RETRIES="0"), f"Could not read the tenants (GET https://{sim.host}")


def test_a_key_that_is_refused_fails(listed):
    refuses(listed(STELLAR_API_KEY="wrong"), "HTTP 401, the platform refused api_key")


@pytest.mark.parametrize(
    ("kind", "parameters", "words"),
    [
        ("status", {"status": 401}, "HTTP 401"),
        ("truncate", {}, "the answer broke off"),
        ("not_json", {}, "is not JSON"),
        ("html", {}, "Likely a login page"),
        ("wrong_shape", {"body": {"detail": 1}}, "does not contain a list"),
        ("wrong_shape", {"body": {"data": {}}}, "does not contain a list"),
        ("wrong_shape", {"body": {"data": []}}, "The inventory would be empty: this key can see no tenant."),
        ("wrong_shape", {"body": {"data": None}}, "The inventory would be empty: this key can see no tenant."),
        ("wrong_shape", {"body": {"data": [{"cust_id": 7}, tenant(1, "A")]}}, "cust_id must have only letters"),
        ("drop_before", {}, "no answer"),
    ],
)
def test_a_broken_answer_fails(sim, listed, kind, parameters, words):
    sim.fault(kind, method="GET", path="*/tenants", times=0, **parameters)
    refuses(listed(STELLAR_RETRIES="0"), words)


def test_an_empty_inventory_is_one_only_if_it_is_meant(sim, listed):
    sim.put_tenants()
    run = listed(config={"allow_empty": True})
    assert run.variables == {}
    refuses(listed(config={"allow_empty": "ture"}), 'allow_empty must be true or false; got "ture"')


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"tenants": ["Exampel Tenant"]}, "tenants: no tenant matches Exampel Tenant. Correct it. Tenants are Example"),
        ({"exclude_tenants": ["Exampel"]}, "exclude_tenants: no tenant matches Exampel."),
        ({"tenant_groups": ["Nobody"]}, "tenant_groups: no tenant matches Nobody."),
        ({"exclude_tenants": ["Example*"]}, "The inventory would be empty: the filters match no tenant."),
        ({"tenant": "Exampel"}, "Could not find tenant Exampel"),
    ],
)
def test_a_filter_that_nothing_matches_fails(listed, config, words):
    refuses(listed(config=config), words)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"tenants": []}, "tenants is an empty list, which no tenant matches."),
        ({"tenants": None}, "tenants has no value."),
        ({"tenants": {"a": 1}}, "tenants must be a list"),
        ({"tenants": "{{ nothing }}"}, "can't be evaluated: 'nothing' is undefined"),
        ({"tenant_group": ["x"]}, "Unsupported parameters for the inventory: tenant_group."),
        ({"tenant": ""}, "tenant, from the file"),
        ({"host": 5}, "must be a string, got '5'"),
        ({"validate_certs": "ture"}, "validate_certs, from the file"),
        ({"root_tenant": "keep"}, 'root_tenant must be one of skip, fail; got "keep"'),
        ({"group": "all"}, 'group must have only letters, digits and _, and not be all or ungrouped; got "all"'),
        ({"group": "a b"}, 'group must have only letters, digits and _, and not be all or ungrouped; got "a b"'),
        ({"hostname": "{{ stellar_tenant }}"}, "hostname must be an expression without {{ }}."),
        ({"hostname": None}, "hostname has no value."),
    ],
)
def test_an_option_that_is_wrong_fails_before_anything_is_sent(listed, config, words):
    run = listed(config=config)
    refuses(run, words)
    assert run.requests == []


def test_a_wrong_variable_of_the_environment_is_named(listed):
    run = listed(STELLAR_INVENTORY_ROOT_TENANT="keep")
    refuses(run, "root_tenant, from the environment variable STELLAR_INVENTORY_ROOT_TENANT, must be one of skip, fail")
    refuses(listed(STELLAR_TIMEOUT="3O"), "timeout, from the environment variable STELLAR_TIMEOUT, must be a number")
    assert run.requests == []


@pytest.mark.parametrize("hostname", ["nothing", "7", "stellar_tenant_group", "stellar_tenant_name ~"])
def test_an_expression_for_names_that_gives_no_text_fails(listed, hostname):
    refuses(listed(config={"hostname": hostname}), "hostname ")


def test_the_root_tenant_is_no_host(sim, listed):
    root = {"cust_id": "", "cust_name": "Root Tenant"}
    sim.put_tenants(root, tenant(1, "A"))
    run = listed()
    assert run.hosts == ["a"]
    assert "The root tenant can't be a host, since its id is empty and can't limit a task to it. It was skipped." in (
        run.words
    )
    refuses(listed(config={"root_tenant": "fail"}), "The root tenant can't be a host")
    assert listed(config={"root_tenant": "fail", "exclude_tenants": ["Root Tenant"]}).hosts == ["a"]
    refuses(listed(config={"tenants": ["Root Tenant"]}), "The inventory would be empty")


def test_a_host_and_a_group_of_one_name_fail(listed):
    """A play for one of them would be one for the other."""
    config = {"groups": {"other": True}, "hostname": '"other"', "tenants": ["Example Clinic"]}
    run = listed(config=config, ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="false")
    assert "A group of groups or keyed_groups has the name of a host: other." in run.words
    assert set(run.data) == {"_meta", "all"}
