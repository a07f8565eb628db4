# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of the inventory: texts that Ansible never evaluates, what is added and taken out, and the cache."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.connection import CONNECTION
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError, OptionError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.connection import Connection
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._tenant_hosts import (
    Added,
    Options,
    cache_entry,
    cache_key,
    cached_tenants,
    hosts_of,
    inert,
)
from tests import connection_table, hostile_text

A, B = "a" * 32, "b" * 32
SEEN_BY = Connection("https://x", "me", "key", "", "basic", "", True, "", 30, 4, 120)


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


# -- options ------------------------------------------------------------------------------------------

KNOWN = ("plugin", "strict", "cache")
NEEDED = {"host": "name.example.com", "api_key": "key"}


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in list(os.environ):
        if name.startswith("STELLAR_"):
            monkeypatch.delenv(name)


def options(config, variables=None):
    """The options of a file that Ansible has read, which trusts it."""
    templar = Templar(loader=DataLoader(), variables=variables or {})
    return Options.of(inventory_file(config), KNOWN, variables or {}, templar.template, "soc.stellar_tenants.yml")


def inventory_file(config):
    return {name: trusted(value) for name, value in config.items()}


def trusted(value):
    return trust_as_template(value) if isinstance(value, str) else value


@pytest.mark.parametrize("kind", connection_table.KINDS)
@pytest.mark.parametrize("option", CONNECTION)
def test_each_connection_option_from_each_source(monkeypatch, option, kind):
    value = connection_table.value(option, kind)
    rest = {name: given for name, given in NEEDED.items() if name != option}
    is_error = connection_table.is_error(option, kind) and (option, kind) != ("tenant", "misspelt")
    for source, config, variables in (
        ("the file soc.stellar_tenants.yml", {**rest, option: value}, {}),
        (f"the variable stellar_{option}", rest, {f"stellar_{option}": trusted(value)}),
    ):
        if not is_error:
            options(config, variables)
            continue
        # Whether the file of ca_path exists, and whether options fit together, is checked with the connection.
        if (option, kind) in (("ca_path", "misspelt"), ("username", "misspelt")):
            continue
        with pytest.raises(InputError, match=rf"^{option}, from {source}, "):
            options(config, variables)
    if isinstance(value, str):
        monkeypatch.setenv(f"STELLAR_{option.upper()}", value)
        if kind == "empty":
            options(rest)


def test_a_source_before_another(monkeypatch):
    monkeypatch.setenv("STELLAR_TENANT", "of the environment")
    monkeypatch.setenv("STELLAR_INVENTORY_GROUP", "of_the_environment")
    assert options(NEEDED).params["tenant"] == "of the environment"
    assert options(NEEDED, {"stellar_tenant": "of a variable"}).params["tenant"] == "of a variable"
    both = options({**NEEDED, "tenant": "{{ stellar_tenant }}, too"}, {"stellar_tenant": "of a variable"})
    assert both.params["tenant"] == "of a variable, too"
    assert options(NEEDED).params["group"] == "of_the_environment"
    assert options({**NEEDED, "group": "mine"}).params["group"] == "mine"


def test_a_secret_of_a_template_that_fails_is_not_shown():
    with pytest.raises(OptionError) as caught:
        options({**NEEDED, "api_key": "{{ 'canary' | from_json }}"})
    assert "canary" not in str(caught.value)


# -- what is added -------------------------------------------------------------------------------------


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
    others = [replace(SEEN_BY, **{name: "other"}) for name in ("base_url", "username", "api_key", "auth_method")]
    token = replace(SEEN_BY, api_key="", access_token="token")
    keys = {cache_key(each) for each in (SEEN_BY, *others, token)}
    assert len(keys) == 6
    assert cache_key(replace(SEEN_BY, tenant="x", timeout=1, access_token="x")) == cache_key(SEEN_BY)
    assert not any("key" in key for key in keys)
