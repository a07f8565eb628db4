# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory stellar_tenants by real runs of ansible-inventory and ansible-playbook: hosts, names, cache, plays."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

from tests import canaries, hostile_text
from tests.integration.inventory import PLUGIN, SAMPLE, STRICT, TENANTS, TOKEN, refuses, tenant, unmarked
from tests.integration.many import CLINIC_ID, EXAMPLE_TENANT_ID
from tests.integration.playbook import run_playbook

# -- what is there ------------------------------------------------------------------------------------


def test_a_host_for_each_tenant_by_one_request(listed):
    run = listed()
    assert run.hosts == SAMPLE
    assert run.requests == [TOKEN, TENANTS]
    assert sorted(run.data["stellar_tenants"]["hosts"]) == SAMPLE
    assert run.variables["example-clinic"] == {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "stellar_tenant": CLINIC_ID,
        "stellar_tenant_name": "Example Clinic",
        "stellar_tenant_group": "Example Health Group",
        "stellar_tenant_data_sources": 0,
        "stellar_tenant_users": 0,
    }
    assert "WARNING" not in run.err


def test_the_other_forms_of_ansible_inventory(listed):
    host = listed("--host", "example-tenant")
    assert json.loads(host.out)["stellar_tenant"] == EXAMPLE_TENANT_ID
    assert "@stellar_tenants:" in listed("--graph").out
    exported = listed("--list", "--export", "--yaml")
    assert yaml.safe_load(exported.out)["all"]["children"]["stellar_tenants"]["hosts"].keys() == set(SAMPLE)


def test_a_scoped_key_sees_its_tenants(sim, listed):
    run = listed(config={"auth_method": "bearer"}, without=("STELLAR_USERNAME",), STELLAR_API_KEY=sim.scoped_key)
    assert {host["stellar_tenant"] for host in run.variables.values()} == set(sim.scoped_tenants)


@pytest.mark.parametrize(
    ("config", "hosts"),
    [
        ({"tenants": ["Example [CT]*"]}, ["example-clinic", "example-tenant"]),
        ({"exclude_tenants": [CLINIC_ID]}, ["example-harbour", "example-tenant"]),
        ({"tenant_groups": ["Example Health Group"]}, ["example-clinic"]),
        ({"tenant_groups": [""]}, ["example-harbour", "example-tenant"]),
        ({"tenant": "Example Clinic"}, ["example-clinic"]),
        ({"tenants": "{{ ['Example Clinic'] }}"}, ["example-clinic"]),
        ({"hostname": "stellar_tenant"}, sorted([CLINIC_ID, EXAMPLE_TENANT_ID, "d41c9be2f7a64a10b6c5037ee8a92f14"])),
        ({"hostname": '"t_" ~ stellar_tenant_name | replace("Example ", "")'}, ["t-clinic", "t-harbour", "t-tenant"]),
        ({"hostname": '"same"', "tenants": ["Example Clinic"]}, ["same"]),
    ],
)
def test_filters_and_names(sim, listed, config, hosts):
    harbour = next(each for each in sample(sim) if each != EXAMPLE_TENANT_ID and each != CLINIC_ID)
    hosts = sorted(harbour if host.startswith("d41c") else host for host in hosts)
    assert listed(config=config).hosts == hosts


def sample(sim):
    return {case["cust_id"] for case in sim.cases() if case["cust_id"]}


def test_every_option_by_the_environment(listed):
    by_env = {
        "TENANTS": "Example Clinic, Example Tenant",
        "EXCLUDE_TENANTS": "*Tenant",
        "TENANT_GROUPS": "*",
        "EXCLUDE_TENANT_GROUPS": "Example Health Group",
        "HOSTNAME": "stellar_tenant_group",
        "GROUP": "mine",
        "ALLOW_EMPTY": "true",
        "ROOT_TENANT": "fail",
    }
    environment = {f"STELLAR_INVENTORY_{name}": value for name, value in by_env.items()}
    assert listed(**environment).data["_meta"]["hostvars"] == {}
    del environment["STELLAR_INVENTORY_EXCLUDE_TENANT_GROUPS"]
    run = listed(**environment)
    assert run.data["mine"]["hosts"] == ["example-health-group"]
    # As AWX and CI products leave variables out; the file is asked first.
    empty = dict.fromkeys(environment, "")
    assert listed(**empty, STELLAR_TIMEOUT="", STELLAR_TENANT="").hosts == SAMPLE
    assert listed(config={"group": "other"}, STELLAR_INVENTORY_GROUP="mine").data["other"]["hosts"]


def test_the_connection_of_the_file_the_command_line_and_the_environment(sim, listed):
    connection = {"host": sim.host, "username": sim.username, "ca_path": sim.ca_path}
    without = ("STELLAR_HOST", "STELLAR_USERNAME", "STELLAR_API_KEY", "STELLAR_CA_PATH")
    config = {"api_key": "{{ lookup('ansible.builtin.env', 'SOC_KEY') }}", **connection}
    assert listed(config=config, without=without, SOC_KEY=sim.api_key).hosts == SAMPLE
    given = json.dumps({f"stellar_{name}": value for name, value in connection.items()})
    run = listed("--list", "-e", given, without=without[:2] + without[3:])
    assert run.hosts == SAMPLE
    assert listed("--list", "-e", "stellar_tenant='Example Clinic'").hosts == ["example-clinic"]
    assert listed(config={"tenant": "Example Harbour"}, STELLAR_TENANT="Example Clinic").hosts == ["example-harbour"]
    assert listed(STELLAR_TENANT="Example Clinic").hosts == ["example-clinic"]


CONSTRUCTED = {
    "compose": {"report": '"reports/" ~ inventory_hostname', "known_as": "stellar_tenant_name", "broken": "nothing.x"},
    "groups": {"health": "'Health' in stellar_tenant_group", "by_compose": "known_as == 'Example Tenant'"},
    "keyed_groups": [{"key": "stellar_tenant_group", "prefix": "group", "default_value": "none"}],
}


def test_constructed_variables_and_groups(listed):
    run = listed(config=CONSTRUCTED)
    assert run.variables["example-clinic"]["known_as"] == "Example Clinic"
    assert run.data["health"]["hosts"] == ["example-clinic"]
    assert run.data["by_compose"]["hosts"] == ["example-tenant"]
    assert run.data["group_Example_Health_Group"]["hosts"] == ["example-clinic"]
    assert sorted(run.data["group_none"]["hosts"]) == ["example-harbour", "example-tenant"]
    assert run.requests == [TOKEN, TENANTS]


def test_strict_constructed_features_leave_nothing_behind(listed):
    """Without the setting that makes it an error, what a failed plugin has added would be used."""
    run = listed(config={**CONSTRUCTED, "strict": True}, ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="false")
    assert run.data["_meta"]["hostvars"] == {}
    assert set(run.data) == {"_meta", "all"}
    assert "Could not set broken for host example-clinic" in run.words


# -- names and texts of the platform --------------------------------------------------------------------


def test_tenants_of_one_name_are_hosts_of_their_own(sim, listed):
    same = [tenant(0xA << 124, "Acme"), tenant(0xB << 124, "ACME!"), tenant(3, "Acme 2")]
    for order in (same, same[::-1]):
        sim.put_tenants(*order)
        run = listed()
        assert run.hosts == ["acme-2", "acme-a0000000", "acme-b0000000"]
        assert run.variables["acme-a0000000"]["stellar_tenant_name"] == "Acme"
        assert "Several tenants, another host or a group would have the host name acme." in run.words


def test_a_tenant_never_becomes_another_host(sim, listed, tmp_path):
    folder = tmp_path / "hosts"
    folder.mkdir()
    static = {"all": {"hosts": {"acme": {"ansible_host": "192.0.2.1"}}, "children": {"bank": {}}}}
    (folder / "a.yml").write_text(yaml.safe_dump(static), encoding="utf-8")
    (folder / "b.stellar_tenants.yml").write_text(yaml.safe_dump(PLUGIN), encoding="utf-8")
    names = ["Acme", "Bank", "localhost", "all", "Ungrouped", "Stellar Tenants"]
    sim.put_tenants(*(tenant(number << 124, name) for number, name in enumerate(names, 1)))
    run = listed(source=str(folder))
    assert run.variables["acme"] == {"ansible_host": "192.0.2.1"}
    wanted = {"acme-10000000", "bank-20000000", "localhost-30000000", "all-40000000", "ungrouped-50000000"}
    assert wanted | {"acme", "stellar-tenants"} == set(run.hosts)


def test_hostile_names_are_text(sim, listed, tmp_path):
    """By ansible-inventory, through a script as AWX passes it on, and in a play."""
    file = tmp_path / "executed"
    texts = {name: text for name, text in hostile_text.texts(file).items() if len(text) < 10_000}
    sim.put_tenants(
        *(
            tenant(number, text, tgrp_name=text)
            for number, text in enumerate(texts.values(), 1)
            if hostile_text.as_read(text) == text
        )
    )
    config = {
        "keyed_groups": [{"key": "stellar_tenant_group", "prefix": "group"}],
        "compose": {"again": "stellar_tenant_name", "many": "[stellar_tenant_name]"},
    }
    run = listed(config=config, ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS="silently")
    assert all(host.replace("-", "").isalnum() and host.isascii() for host in run.hosts)
    by_id = {unmarked(host["stellar_tenant"]): host for host in run.variables.values()}
    for number, text in enumerate(texts.values(), 1):
        host = by_id.get(f"{number:032x}")
        if host is None:
            assert hostile_text.as_read(text) != text
            continue
        for value in (host["stellar_tenant_name"], host["again"], host["many"][0]):
            assert unmarked(value) == text
            assert isinstance(value, str) is ("{" not in text and "}" not in text and "#jinja2" not in text), text
    assert not file.exists()
    script = tmp_path / "script.py"
    (tmp_path / "list.json").write_text(run.out, encoding="utf-8")
    script.write_text(f"#!/bin/sh\nexec cat {tmp_path}/list.json\n", encoding="utf-8")
    script.chmod(0o700)
    tasks = [{"ansible.builtin.copy": {"content": "{{ seen | to_json }}", "dest": str(tmp_path / "seen.json")}}]
    play = {
        "hosts": "localhost",
        "vars": {
            "seen": "{{ groups['stellar_tenants'] | map('extract', hostvars) | items2dict(key_name='stellar_tenant', "
            "value_name='stellar_tenant_name') }}"
        },
    }
    source = tmp_path / "soc.stellar_tenants.yml"
    for inventory in (script, source):
        ran = run_playbook(sim, tmp_path, tasks, "-i", str(inventory), play=play, **STRICT)
        assert ran.returncode == 0, ran.output[-3000:]
        seen = json.loads((tmp_path / "seen.json").read_text(encoding="utf-8"))
        assert seen == {id_: unmarked(host["stellar_tenant_name"]) for id_, host in by_id.items()}
        assert not file.exists()
    assert "1337" not in run.out


# -- cache ------------------------------------------------------------------------------------------


@pytest.fixture
def cached(listed, tmp_path):
    """cached(*arguments, **options of the file) -> Listed, with the cache in a folder"""

    def run(*arguments, **config):
        cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
        return listed(*arguments, config={**cache, **config})

    return run


def test_a_second_run_sends_nothing(sim, cached, tmp_path):
    first = cached()
    (entry,) = (tmp_path / "cache").iterdir()
    written = entry.stat().st_mtime_ns
    second = cached()
    # Else it would never expire.
    assert entry.stat().st_mtime_ns == written
    assert first.requests == [TOKEN, TENANTS]
    assert second.requests == []
    assert second.data == first.data
    # Filters and constructed features are not in it.
    assert cached(tenants=["Example Clinic"], compose={"x": "1"}).variables["example-clinic"]["x"] == 1
    assert cached(tenant="Example Clinic").hosts == ["example-clinic"]
    text = entry.read_text(encoding="utf-8")
    canaries.assert_none(canaries.of(sim), text, entry.name, where="cache of the inventory")
    assert sim.host not in text
    assert sim.username not in text
    sim.put_tenants(tenant(1, "New"))
    assert cached().hosts == SAMPLE
    again = cached("--list", "--flush-cache")
    assert (again.hosts, again.requests) == (["new"], [TOKEN, TENANTS])
    assert cached().hosts == ["new"]


def test_another_key_has_another_entry(cached):
    cached()
    assert cached(username="another@example.com").requests[:1] == [TOKEN]
    assert cached(api_key="another").requests == [TOKEN]


@pytest.mark.parametrize("entry", [None, [], {}, {"version": 0, "tenants": []}, {"version": 1, "tenants": {}}, "x"])
def test_an_entry_that_is_not_ours_is_not_used(cached, tmp_path, entry):
    cached()
    put_entry(tmp_path, json.dumps(entry))
    run = cached()
    assert (run.hosts, run.requests) == (SAMPLE, [TOKEN, TENANTS])


def test_an_error_is_not_cached(sim, cached):
    sim.switch(tenants_status=403)
    assert cached().code != 0
    sim.switch(tenants_status=0)
    assert cached().hosts == SAMPLE


def test_an_entry_with_a_record_that_is_odd_fails(cached, tmp_path):
    cached()
    put_entry(tmp_path, json.dumps({"version": 1, "tenants": [tenant(1, "A"), {"cust_id": "../x"}]}))
    refuses(cached(), "cust_id must have only letters")


@pytest.mark.parametrize("text", ["", "{", "7", '{"__payload__": 7}'])
def test_a_file_that_ansible_can_not_read_is_read_again(cached, tmp_path, text):
    cached()
    (file,) = (tmp_path / "cache").iterdir()
    file.write_text(text, encoding="utf-8")
    run = cached()
    assert (run.hosts, run.requests) == (SAMPLE, [TOKEN, TENANTS])
    assert "can't be read" in run.words


def put_entry(folder: Path, text: str) -> None:
    """Put an entry in the place of the one that is there, as ansible-core from 2.19 on writes it."""
    (file,) = (folder / "cache").iterdir()
    assert "__payload__" in json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({"__payload__": text}), encoding="utf-8")


# -- plays --------------------------------------------------------------------------------------------

IDS = {"example-clinic": CLINIC_ID, "example-tenant": EXAMPLE_TENANT_ID}


def test_plays_and_the_role_are_limited_to_the_tenant_of_their_host(sim, tmp_path, listed):
    listed()
    rules = [{"name": "Mark", "match": {"status": ["New"]}, "set": {"tags": {"add": ["per-tenant"]}}}]
    tasks = [
        {"stellarcyber.xdr.stellar_case_info": {"count_only": True}},
        {
            "ansible.builtin.include_role": {"name": "stellarcyber.xdr.case_hygiene"},
            "vars": {
                "case_hygiene_rules": rules,
                "case_hygiene_report_dir": str(tmp_path / "reports"),
            },
        },
    ]
    before = sim.cases()
    source = str(tmp_path / "soc.stellar_tenants.yml")
    ran = run_playbook(
        sim,
        tmp_path,
        tasks,
        "-i",
        source,
        "--limit",
        "example-clinic,example-tenant",
        play={"hosts": "stellar_tenants"},
    )
    assert ran.returncode == 0, ran.output[-3000:]
    changed = {case["_id"]: case["cust_id"] for case in sim.cases() if "per-tenant" in case["tags"]}
    wanted = {
        case["_id"]: case["cust_id"] for case in before if case["status"] == "New" and case["cust_id"] in IDS.values()
    }
    assert changed == wanted
    for host, id_ in IDS.items():
        report = json.loads((tmp_path / "reports" / host / "hygiene.json").read_text(encoding="utf-8"))
        assert id_ in json.dumps(report["scope"])
        written = {item["case_id"] for item in report["case_results"] if item["outcome"] == "changed"}
        assert written == {case_id for case_id, of in wanted.items() if of == id_}
    assert {os.path.basename(each) for each in (tmp_path / "reports").iterdir()} == set(IDS)
