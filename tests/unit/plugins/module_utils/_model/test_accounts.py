# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tenants and users of the platform's lists, and the filters of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.accounts import TenantFilter
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import OptionError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.accounts import (
    TENANT_FIELDS,
    chosen,
    is_in_group,
    is_tenant_called,
    is_user_called,
    tenants_in,
    users_in,
)

A, B = "a" * 32, "b" * 32


def tenant(name, id_=A, group=""):
    return {"cust_id": id_, "cust_name": name, "tgrp_name": group}


def test_tenants_by_name_each_once_with_the_known_fields_only():
    records = [
        {**tenant("beta", B), "api_token": "secret", "ds_num": 3},
        tenant("Alpha"),
        tenant("another name of the same", A.upper()),
        {"cust_id": "", "cust_name": None},
    ]
    found, problems = tenants_in(records)
    assert problems == []
    assert found == [
        {"cust_id": "", "cust_name": ""},
        tenant("Alpha"),
        {**tenant("beta", B), "ds_num": 3},
    ]


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        (None, "must be an object, got null"),
        ("x", "must be an object, got 'x'"),
        ({}, "cust_id must have only letters, digits, - and _, got null"),
        ({"cust_id": "a/b"}, "cust_id must have only letters, digits, - and _, got 'a/b'"),
        ({"cust_id": A, "cust_name": 7}, "cust_name must be a string, got 7"),
        ({"cust_id": A, "tgrp_name": []}, "tgrp_name must be a string, got []"),
    ],
)
def test_odd_tenants(record, problem):
    assert tenants_in([record]) == ([], [problem])


def test_users_by_email_each_once():
    records = [{"user_id": "2", "email": "b@x"}, {"id": "1", "username": "a", "password": "secret"}, {"user_id": "2"}]
    assert users_in(records) == (
        [
            {"user_id": "1", "email": "", "name": "a", "priv_profile_id": None},
            {"user_id": "2", "email": "b@x", "name": "", "priv_profile_id": None},
        ],
        [],
    )
    assert users_in([[], {"name": "a"}]) == ([], ["must be an object, got []", "must have user_id or email"])


@pytest.mark.parametrize(
    ("matches", "record", "pattern", "wanted"),
    [
        (is_tenant_called, tenant("Acme [EMEA]"), "Acme [EMEA]", True),
        (is_tenant_called, tenant("Acme E"), "Acme [EMEA]", True),
        (is_tenant_called, tenant("Acme"), "acme", False),
        (is_tenant_called, tenant("Acme"), "A*", True),
        (is_tenant_called, tenant("Acme"), A.upper(), True),
        (is_tenant_called, tenant("Acme"), A[:8], False),
        (is_tenant_called, tenant("", ""), "*", False),
        (is_in_group, tenant("Acme", group="EMEA"), "EM?A", True),
        (is_in_group, tenant("Acme"), "", True),
        (is_in_group, tenant("Acme"), "*", False),
        (is_in_group, {"cust_id": A, "cust_name": "x", "tgrp_name": None}, "", True),
        (is_user_called, {"user_id": A, "email": "Ohtani@x", "name": "oh"}, "ohtani@*", True),
        (is_user_called, {"user_id": A, "email": "Ohtani@x", "name": "oh"}, "OH", True),
        (is_user_called, {"user_id": A, "email": "", "name": ""}, "*@x", False),
    ],
)
def test_patterns(matches, record, pattern, wanted):
    assert matches(record, pattern) is wanted


def test_chosen_names_the_patterns_without_a_match():
    records = [tenant("Alpha"), tenant("Beta", B)]
    assert chosen(records, ["B*", "Gamma", "Beta"], is_tenant_called) == ([records[1]], ["Gamma"])


def test_filters_are_anded_and_each_has_its_missing_patterns():
    records = [tenant("Alpha", A, "EMEA"), tenant("Beta", B, "APAC"), tenant("Gamma", "c" * 32)]
    wanted = TenantFilter(
        tenants=("Alpha", "Beta", "x"), exclude_tenants=("y",), tenant_groups=("EMEA", ""), exclude_tenant_groups=("z",)
    )
    assert wanted.select(records) == (
        [records[0]],
        {"tenants": ["x"], "exclude_tenants": ["y"], "exclude_tenant_groups": ["z"]},
    )
    assert TenantFilter().select(records) == (records, {})


def test_a_group_that_is_not_shown_is_an_error():
    records = [tenant("Alpha"), {"cust_id": B, "cust_name": "Beta"}]
    with pytest.raises(OptionError, match="the group of 1 tenants, such as Beta"):
        TenantFilter(exclude_tenant_groups=("x",)).select(records)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*TENANT_FIELDS, "user_id", "email"]), inner, max_size=5)
    ),
    max_leaves=10,
)


@given(st.lists(ANYTHING, max_size=5))
def test_any_list_is_read_or_named(records):
    for read in (tenants_in, users_in):
        found, problems = read(records)
        assert len(found) + len(problems) <= len(records)
        assert bool(records) == bool(found or problems)
        assert all(problem and problem.isprintable() for problem in problems)
