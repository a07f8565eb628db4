# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of the inventory: texts that Ansible never evaluates, what is added and taken out, and the cache."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError, OptionError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.connection import Connection
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._tenant_hosts import (
    Added,
    cache_entry,
    cache_key,
    cached_tenants,
    hosts_of,
    inert,
)
from tests import hostile_text

A, B = "a" * 32, "b" * 32
CONNECTION = Connection("https://x", "me", "key", "", "basic", "", True, "", 30, 4, 120)


@pytest.mark.parametrize("name", hostile_text.TEXTS)
def test_no_text_is_evaluated(name, tmp_path):
    text = hostile_text.texts(tmp_path / "executed")[name][:10_000]
    template = Templar(loader=DataLoader()).template
    for value in (text, [text], {"a": {text: text}}):
        assert template(inert(value)) == value
    assert not (tmp_path / "executed").exists()


def test_other_values_stay():
    assert inert({"a": [1, True, None, 1.5]}) == {"a": [1, True, None, 1.5]}


def test_variables_have_what_the_platform_shows():
    full = {"cust_id": A, "cust_name": "One", "tgrp_name": None, "ds_num": "3", "user_num": 4, "contact_email": "x@y"}
    hosts, warnings = hosts_of([full, {"cust_id": B, "cust_name": ""}], None, lambda *_: None, ())
    local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    assert hosts == {
        "one": {
            **local,
            "stellar_tenant": A,
            "stellar_tenant_name": "One",
            "stellar_tenant_group": "",
            "stellar_tenant_data_sources": 3,
            "stellar_tenant_users": 4,
        },
        "tenant-bbbbbbbb": {**local, "stellar_tenant": B, "stellar_tenant_name": ""},
    }
    assert warnings == []


def test_an_expression_that_fails_or_gives_no_text():
    def fails(expression, variables):
        raise ValueError("no\x1b[31m good.")

    for evaluate, problem in (
        (fails, "hostname can't be evaluated for tenant One: no [31m good. "),
        (lambda *_: 7, "hostname gives no text for tenant One. "),
        (lambda *_: " ", "hostname gives no text for tenant One. "),
    ):
        with pytest.raises(OptionError) as caught:
            hosts_of([{"cust_id": A, "cust_name": "One"}], "x", evaluate, ())
        assert str(caught.value).startswith(problem)


@pytest.fixture
def inventory():
    data = InventoryData()
    data.add_host("static")
    return data


def test_what_is_added_can_be_taken_out(inventory):
    before = dict(inventory.hosts), set(inventory.groups)
    added = Added(inventory, "mine")
    assert {"static", "all", "ungrouped", "mine", "localhost"} <= added.taken
    added.add({"one": {"x": 1}, "two": {}})
    inventory.add_group("keyed")
    inventory.add_host("one", group="keyed")
    added.check()
    assert [host.name for host in inventory.groups["mine"].get_hosts()] == ["one", "two"]
    assert inventory.get_host("one").vars["x"] == 1
    added.undo()
    assert (dict(inventory.hosts), set(inventory.groups)) == before


def test_a_host_never_takes_a_name_that_is_there(inventory):
    added = Added(inventory, "mine")
    with pytest.raises(InputError, match="There already is a host or group static"):
        added.add({"static": {"stellar_tenant": A}})
    assert "stellar_tenant" not in inventory.get_host("static").vars


def test_a_group_of_a_host_s_name_is_an_error(inventory):
    added = Added(inventory, "mine")
    added.add({"one": {}})
    inventory.add_group("one")
    with pytest.raises(InputError, match="has the name of a host: one"):
        added.check()


def test_the_cache_has_what_hosts_need():
    tenants = [{"cust_id": A, "cust_name": "One", "ds_num": 1, "contact_email": "x@y", "info": "z"}]
    entry = json.loads(json.dumps(cache_entry(tenants)))
    assert cached_tenants(entry) == [{"cust_id": A, "cust_name": "One", "ds_num": 1}]
    for other in (None, [], "x", {}, {**entry, "version": 2}, {"version": 1}, {"version": 1, "tenants": "x"}):
        assert cached_tenants(other) is None


def test_a_key_of_the_cache_for_each_platform_and_key():
    others = [replace(CONNECTION, **{name: "other"}) for name in ("base_url", "username", "api_key", "auth_method")]
    token = replace(CONNECTION, api_key="", access_token="token")
    keys = {cache_key(each) for each in (CONNECTION, *others, token)}
    assert len(keys) == 6
    assert cache_key(replace(CONNECTION, tenant="x", timeout=1, access_token="x")) == cache_key(CONNECTION)
    assert not any("key" in key for key in keys)
