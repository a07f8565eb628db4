# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Neither keys nor tokens appear in what Ansible prints, on success and on each error."""

from __future__ import annotations

import base64
import json

import pytest

from tests import canaries
from tests.integration.many import case
from tests.integration.playbook import CASE

pytestmark = pytest.mark.slow

PROXY_PASSWORD = "proxy-canary-4711"

CHANGE = {"case_id": CASE, "severity": "High"}
LOOKUP = "stellarcyber.xdr.stellar_cases"


# what happens: (options beside the change, faults, whether the task fails)
SITUATIONS = {
    "legacy key": ({}, [], False),
    "scoped key": ({"auth_method": "bearer", "api_key": "{{ scoped_key }}"}, [], False),
    "token": ({"access_token": "{{ token }}"}, [], False),
    "options in the play": ({"api_key": "{{ legacy_key }}"}, [], False),
    "key of the other kind": ({"auth_method": "bearer", "api_key": "{{ legacy_key }}"}, [], True),
    "scoped key with a username": ({"api_key": "{{ scoped_key }}"}, [], True),
    "key with a space in it": ({"api_key": "{{ legacy_key }} {{ legacy_key }}"}, [], True),
    "unknown tenant": ({"tenant": "Nowhere"}, [], True),
    "no server": ({"host": "127.0.0.1:1", "retries": 0}, [], True),
    "proxy with a password": (
        {"proxy": f"http://somebody:{PROXY_PASSWORD}@127.0.0.1:1", "retries": 0},
        [],
        True,
    ),
    "proxy with a password and a misspelt status": (
        {"proxy": f"http://somebody:{PROXY_PASSWORD}@127.0.0.1:1", "status": "Open"},
        [],
        True,
    ),
    "the platform echoes the token": (
        {"access_token": "{{ token }}"},
        [("status", {"status": 400, "path": "/cases/*", "body": "you sent TOKEN"})],
        True,
    ),
    "the platform echoes the key": (
        {},
        [("status", {"status": 400, "path": "/access_token", "body": "you sent KEY as PAIR"})],
        True,
    ),
    "a redirect that echoes the token": (
        {"access_token": "{{ token }}"},
        [("redirect", {"path": "/cases/*", "location": "https://evil.example.com/?t=TOKEN"})],
        True,
    ),
    "refused token": ({}, [("expire_token", {"path": "/cases/*", "times": 0})], True),
    "lost connection": ({"retries": 0}, [("drop_before", {"path": "/cases/*"})], True),
    "lost exchange": ({"retries": 0}, [("drop_before", {"path": "/access_token"})], True),
    "login page": ({}, [("html", {"path": "/access_token"})], True),
    "server error": ({}, [("status", {"status": 500, "path": "/cases/*"})], True),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_no_secret_in_the_output(sim, play, token, situation):
    options, faults, fails = SITUATIONS[situation]
    basic = base64.b64encode(f"{sim.username}:{sim.api_key}".encode()).decode()
    for kind, details in faults:
        text = json.dumps(details).replace("TOKEN", token).replace("KEY", sim.api_key).replace("PAIR", basic)
        sim.fault(kind, **{**json.loads(text), "times": 0})
    direct = ", ".join(f"{name}={name}_option" for name in options)
    expression = f"query('{LOOKUP}', 'October-event'{', ' + direct if direct else ''})"
    for_lookup = {f"{name}_option": value for name, value in options.items()}
    run = play(
        [
            {"stellarcyber.xdr.stellar_case": {**CHANGE, **options}, "ignore_errors": True, "diff": True},
            {"ansible.builtin.debug": {"msg": "{{ " + expression + " }}"}, "ignore_errors": True, "vars": for_lookup},
        ],
        "-vvvv",
        secret_vars={"scoped_key": sim.scoped_key, "legacy_key": sim.api_key, "token": token},
    )
    assert (run[0].kind == "failed") is fails, run[0].result
    written = run.output + "".join(repr(task.result) for task in run.tasks)
    canaries.assert_none([*canaries.of(sim), PROXY_PASSWORD], written)


# what happens while many cases are written: (options beside the rules, faults, whether the task fails)
WHILE_WRITING = {
    "all goes well": ({"auth_method": "bearer", "api_key": "{{ scoped_key }}"}, [], False),
    "the platform echoes the token": (
        {"access_token": "{{ token }}"},
        [
            ("status", {"status": 422, "path": "/cases/*1", "body": "you sent TOKEN"}),
            ("redirect", {"path": "/cases/*2", "location": "https://evil.example.com/?t=TOKEN"}),
            ("not_json", {"path": "/cases/*3", "body": "TOKEN", "handled": False}),
        ],
        True,
    ),
    "the key is refused in the middle": (
        {},
        [
            ("expire_token", {"path": "/cases/*"}),
            ("status", {"status": 401, "path": "/access_token", "after": 1, "body": "you sent KEY as PAIR"}),
        ],
        True,
    ),
}


@pytest.mark.parametrize("situation", WHILE_WRITING)
def test_no_secret_in_the_results_and_files_of_many_cases(sim, play, token, tmp_path, situation):
    options, faults, fails = WHILE_WRITING[situation]
    sim.add_cases([case(number) for number in range(6)])
    basic = base64.b64encode(f"{sim.username}:{sim.api_key}".encode()).decode()
    for kind, details in faults:
        text = json.dumps(details).replace("TOKEN", token).replace("KEY", sim.api_key).replace("PAIR", basic)
        sim.fault(kind, **{"method": "PUT" if "cases" in text else "POST", "times": 0, **json.loads(text)})
    rules = [{"name": "All", "match": {"name": "^Case"}, "set": {"severity": "High"}, "comment": "hello"}]
    undo = {"content": "{{ done.undo | to_json }}", "dest": str(tmp_path / "undo.json"), "mode": "0600"}
    arguments = {**options, "rules": rules, "journal": str(tmp_path / "journal.jsonl")}
    run = play(
        [
            {"stellarcyber.xdr.stellar_cases": arguments, "register": "done", "ignore_errors": True, "diff": True},
            {"ansible.builtin.copy": undo},
        ],
        "-vvvv",
        secret_vars={"scoped_key": sim.scoped_key, "token": token},
    )
    assert (run[0].kind == "failed") is fails, run[0].result
    reasons = [item.get("reason", "") for item in run[0].result["case_results"]]
    assert len(reasons) == 6
    assert any("********" in reason for reason in reasons) is ("echoes" in situation)
    files = [(tmp_path / name).read_text(encoding="utf-8") for name in ("journal.jsonl", "undo.json")]
    assert all(files)
    written = "".join([run.output, *files, *(repr(task.result) for task in run.tasks)])
    canaries.assert_none(canaries.of(sim), written)
