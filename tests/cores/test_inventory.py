# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory stellar_tenants on every ansible-core: hostile names are text, and what fails has no host."""

from __future__ import annotations

import json
import subprocess

import pytest
import yaml

from tests import hostile_text
from tests.integration.inventory import PLUGIN, SAMPLE, STRICT, tenant, unmarked
from tests.integration.playbook import calls

CONFIG = {
    **PLUGIN,
    "compose": {"again": "stellar_tenant_name", "many": "[stellar_tenant_name]"},
    "groups": {"grouped": "stellar_tenant_group != ''"},
    "keyed_groups": [{"key": "stellar_tenant_group", "prefix": "group"}],
}
PLAY = """
- hosts: stellar_tenants
  gather_facts: false
  tasks:
    - stellarcyber.xdr.stellar_tenant_info:
      register: found
    - ansible.builtin.copy:
        content: "{{ [stellar_tenant, stellar_tenant_name, again, found.tenants] | to_json }}"
        dest: "{{ playbook_dir }}/seen-{{ stellar_tenant }}.json"
"""


@pytest.fixture
def source(tmp_path):
    file = tmp_path / "soc.stellar_tenants.yml"
    file.write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    return file


@pytest.fixture(autouse=True)
def at_the_start(simulator):
    simulator.reset()
    simulator.clear_requests()


def test_hostile_names_are_text(core, simulator, source, tmp_path):
    file = tmp_path / "executed"
    texts = {
        f"{number:032x}": text
        for number, text in enumerate(hostile_text.texts(file).values(), 1)
        if hostile_text.as_read(text) == text and len(text) < 10_000
    }
    simulator.put_tenants(*(tenant(int(id_, 16), text, tgrp_name=text) for id_, text in texts.items()))
    quiet = {**STRICT, "ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS": "silently"}
    code, out, err = core.inventory(simulator, tmp_path, "-i", source, "--list", **quiet)
    assert code == 0, f"{core.version}\n{err}"
    assert calls(simulator.requests()) == ["POST access_token", "GET tenants"]
    hosts = json.loads(out)["_meta"]["hostvars"]
    assert all(name.replace("-", "").isalnum() for name in hosts)
    assert {host["stellar_tenant"] for host in hosts.values()} == set(texts)
    for host in hosts.values():
        text = texts[host["stellar_tenant"]]
        for value in (host["stellar_tenant_name"], host["stellar_tenant_group"], host["again"], host["many"][0]):
            assert unmarked(value) == text, core.version
            assert isinstance(value, str) is not any(each in text for each in ("{", "}", "#jinja2")), core.version
    # As AWX passes it on
    (tmp_path / "list.json").write_text(out, encoding="utf-8")
    script = tmp_path / "script.sh"
    script.write_text(f"#!/bin/sh\nexec cat {tmp_path}/list.json\n", encoding="utf-8")
    script.chmod(0o700)
    some = [name for name, host in hosts.items() if not isinstance(host["stellar_tenant_name"], str)][:12]
    (tmp_path / "playbook.yml").write_text(PLAY, encoding="utf-8")
    for inventory in (source, script):
        code, output = core.play(simulator, tmp_path, "-i", inventory, "playbook.yml", "--limit", ",".join(some))
        assert code == 0, f"{core.version}\n{output[-3000:]}"
        for name in some:
            id_ = hosts[name]["stellar_tenant"]
            seen = json.loads((tmp_path / f"seen-{id_}.json").read_text(encoding="utf-8"))
            assert seen[:3] == [id_, texts[id_], texts[id_]]
            # The module was limited to the tenant of its host.
            assert [each["cust_name"] for each in seen[3]] == [texts[id_]]
            (tmp_path / f"seen-{id_}.json").unlink()
    assert not file.exists()
    assert not hostile_text.EVALUATED.search(out)


BROKEN = {
    "401": ("status", {"status": 401}),
    "403": ("status", {"status": 403}),
    "404": ("status", {"status": 404}),
    "500": ("status", {"status": 500}),
    "empty": ("wrong_shape", {"body": {"data": []}}),
    "cut": ("truncate", {}),
    "odd": ("wrong_shape", {"body": {"data": [{"cust_id": 7}]}}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_fails_has_an_exit_code_and_no_host(core, simulator, source, tmp_path, name):
    kind, parameters = BROKEN[name]
    simulator.fault(kind, method="GET", path="*/tenants", times=0, **parameters)
    more = {**STRICT, "STELLAR_RETRIES": "0"}
    code, out, err = core.inventory(simulator, tmp_path, "-i", source, "--list", **more)
    assert (code != 0, out) == (True, ""), f"{core.version}\n{err}"
    assert "The inventory stellarcyber.xdr.stellar_tenants failed." in " ".join(err.split()), core.version
    # Ansible's default only warns. There is no part of the hosts even then.
    code, out, err = core.inventory(simulator, tmp_path, "-i", source, "--list", STELLAR_RETRIES="0")
    assert json.loads(out)["_meta"]["hostvars"] == {}, core.version


def test_constructed_features_that_fail_leave_no_host(core, simulator, source, tmp_path):
    source.write_text(yaml.safe_dump({**CONFIG, "strict": True, "compose": {"x": "nothing.y"}}), encoding="utf-8")
    code, out, err = core.inventory(simulator, tmp_path, "-i", source, "--list")
    assert (code, json.loads(out)["_meta"]["hostvars"]) == (0, {}), f"{core.version}\n{err}"
    assert "Could not set x for host" in " ".join(err.split()), core.version


def test_the_cache_and_options_by_environment(core, simulator, source, tmp_path):
    cache = {
        "ANSIBLE_INVENTORY_CACHE": "true",
        "ANSIBLE_INVENTORY_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_INVENTORY_CACHE_CONNECTION": str(tmp_path / "cache"),
        "STELLAR_INVENTORY_HOSTNAME": "stellar_tenant_name ~ '-x'",
        "STELLAR_TIMEOUT": "",
        **STRICT,
    }
    for sent in (["POST access_token", "GET tenants"], []):
        simulator.clear_requests()
        code, out, err = core.inventory(simulator, tmp_path, "-i", source, "--list", **cache)
        assert code == 0, f"{core.version}\n{err}"
        assert sorted(json.loads(out)["_meta"]["hostvars"]) == [f"{name}-x" for name in SAMPLE]
        assert calls(simulator.requests()) == sent


def test_a_vaulted_key(core, simulator, source, tmp_path):
    (tmp_path / "password").write_text("a vault password", encoding="utf-8")
    vault = ("--vault-password-file", str(tmp_path / "password"))
    encrypt = [core.bin / "ansible-vault", "encrypt_string", *vault, "--name", "api_key", simulator.api_key]
    done = subprocess.run(encrypt, env=core.env, capture_output=True, text=True, check=True)
    source.write_text(f"plugin: {PLUGIN['plugin']}\n{done.stdout}", encoding="utf-8")
    more = {**STRICT, "STELLAR_API_KEY": ""}
    code, out, err = core.inventory(simulator, tmp_path, "-i", source, "--list", *vault, **more)
    assert code == 0, f"{core.version}\n{err}"
    assert sorted(json.loads(out)["_meta"]["hostvars"]) == SAMPLE
    code, out, err = core.inventory(simulator, tmp_path, "-i", source, "--list", **more)
    assert (code != 0, out) == (True, ""), f"{core.version}\n{err}"
    assert "api_key, from the file" in " ".join(err.split()), f"{core.version}\n{err}"
