# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An answer that repeats the key, or has a new token, shows neither: with each call, status and spelling."""

from __future__ import annotations

import json

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE as CASE_OPTIONS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE_INFO, INCLUDES, LOOKUP
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.cases import CASES
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.ping import PING
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import StellarError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case, run_case_info, run_lookup
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.cases import run_cases
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.ping import run_ping
from tests import canaries
from tests.integration.hygiene import ERROR, Analyst
from tests.integration.playbook import CASE, parameters

pytestmark = pytest.mark.slow

STATUSES = (200, 302, 400, 401, 403, 500, 503)
SPELLINGS = ("plain", "json", "url", "base64", "many")
NOT_SHOWN = "is not shown, because it may contain a token"


def case(params, **hooks):
    return run_case(parameters(CASE_OPTIONS, **params), **hooks)


def info(params, **hooks):
    return run_case_info(parameters(CASE_INFO, **params), **hooks)


def cases(params, **hooks):
    return run_cases(parameters(CASES, **params), **hooks)


def ping(params, **hooks):
    return run_ping(parameters(PING, **params), **hooks)


def lookup(params, **hooks):
    return run_lookup(parameters(LOOKUP, **params))


CHANGE = {"case_id": CASE, "severity": "Low"}
RULES = {"rules": [{"name": "All", "match": {"status": ["New"]}, "set": {"severity": "Low"}, "comment": "Seen"}]}
# what is asked: (by which entry, with which options, method and path of the call that is echoed)
CALLS = {
    "exchange": (case, CHANGE, "POST", "/access_token"),
    "exchange of stellar_cases": (cases, RULES, "POST", "/access_token"),
    "exchange of the lookup": (lookup, {}, "POST", "/access_token"),
    "case": (case, CHANGE, "GET", "/cases/*"),
    "update": (case, CHANGE, "PUT", "/cases/*"),
    "comment": (case, {**CHANGE, "comment": "Seen"}, "POST", "/cases/*/comments"),
    "users": (case, {**CHANGE, "assignee": "ohtani@example.com"}, "GET", "/users"),
    "tenants": (info, {"tenant": "Example Tenant"}, "GET", "/tenants"),
    "listing": (info, {}, "GET", "/cases"),
    "exchange of a ping": (ping, {}, "POST", "/access_token"),
    "listing of a ping": (ping, {}, "GET", "/cases"),
    "tenants of a ping": (ping, {"tenant": "Example Tenant"}, "GET", "/tenants"),
    "listing of the lookup": (lookup, {}, "GET", "/cases"),
    "users of the lookup": (lookup, {"assignee": ["ohtani@example.com"]}, "GET", "/users"),
    "listing of rules": (cases, RULES, "GET", "/cases"),
    "updates of rules": (cases, RULES, "PUT", "/cases/*"),
    "comments of rules": (cases, RULES, "POST", "/cases/*/comments"),
    **{part: (info, {"ticket_id": [67535], "include": [part]}, "GET", f"/cases/*/{part}") for part in INCLUDES},
}
WAYS = {
    "legacy key": lambda sim, token: {},
    "scoped key": lambda sim, token: {"username": None, "api_key": sim.scoped_key},
    "token": lambda sim, token: {"username": None, "api_key": None, "access_token": token},
}


def asked(entry, **params):
    """All that a task would show: its result or its error, and its warnings."""
    try:
        hooks = {"check_mode": False, "on_secret": lambda secret: None}
        return json.dumps(entry(params, **hooks), ensure_ascii=False)
    except StellarError as error:
        return json.dumps(error.to_result(), ensure_ascii=False)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("call", CALLS)
def test_no_call_shows_what_an_answer_repeats(sim, waits, token, call, way):
    entry, options, method, path = CALLS[call]
    is_exchange = path == "/access_token"
    if is_exchange and way == "token":
        pytest.skip("there is no exchange")
    given = {"simulator": sim, "retries": 1, **options, **WAYS[way](sim, token)}
    for status in STATUSES if way == "legacy key" else (200, 400):
        for spelling in (*SPELLINGS, *(("list", "comma") if status == 200 and is_exchange else ())):
            sim.clear_faults()
            sim.clear_requests()
            sim.put_case(CASE, severity="Critical", status="New")
            sim.fault("echo", method=method, path=path, status=status, spelling=spelling, times=0)
            shown = asked(entry, **given)
            assert "echo" in {entry["fault"] for entry in sim.requests()}
            canaries.assert_none([*canaries.of(sim), token], shown, where="errors and results with an echo")
            if spelling == "many":  # which is cut
                canaries.assert_no_part([*canaries.of(sim), token], shown)
            if is_exchange and status not in (302, 401):
                assert NOT_SHOWN in shown, shown
            elif status == 400 or f"HTTP {status}, the platform says" in shown:  # not of an update that is there
                assert "********" in shown, shown


# path -> (method, status); what a run meets, one after the other
ROLE = {
    "exchange": ("POST", "/access_token", 200),
    "listing": ("GET", "/cases", 500),
    "update": ("PUT", "/cases/*", 422),
}


@pytest.mark.parametrize("spelling", ["json", "many"])
@pytest.mark.parametrize("call", ROLE)
def test_no_report_of_the_role_shows_it(sim, tmp_path, call, spelling):
    method, path, status = ROLE[call]
    sim.fault("echo", method=method, path=path, status=status, spelling=spelling, times=0)
    rule = {"name": "All", "match": {"status": ["New"]}, "set": {"severity": "Low"}}
    analyst = Analyst(sim, tmp_path)
    run = analyst.hygiene("-vvv", rules=[rule], report_dir="reports")  # which looks for secrets
    assert run.returncode == ERROR, run.output
    texts = [file.read_text(encoding="utf-8") for file in (tmp_path / "reports").iterdir()]
    assert len(texts) >= 4
    canaries.assert_no_part(canaries.of(sim), run.output, *texts)
    assert any((NOT_SHOWN if call == "exchange" else "********") in text for text in texts)


@pytest.mark.parametrize("spelling", ["json", "list", "comma"])
def test_no_task_shows_it(sim, play, spelling):
    change = {"stellarcyber.xdr.stellar_case": CHANGE, "ignore_errors": True, "diff": True}
    find = "{{ query('stellarcyber.xdr.stellar_cases', 'October-event') }}"
    tasks = [
        change,
        {**change, "environment": {"A": "b"}},  # as a module, not in Ansible's own process
        {"stellarcyber.xdr.stellar_case_info": {"case_id": [CASE]}, "ignore_errors": True},
        {"stellarcyber.xdr.stellar_cases": RULES, "ignore_errors": True},
        {"ansible.builtin.debug": {"msg": find}, "ignore_errors": True},
    ]
    sim.fault("echo", path="/access_token", status=200, spelling=spelling, times=0)
    run = play(tasks, "-vvvv")  # which looks for secrets
    assert [task.kind for task in run.tasks] == ["failed"] * 5
    results = [json.dumps(task.result) for task in run.tasks]
    assert all(NOT_SHOWN in result for result in results), results
    canaries.assert_no_part(canaries.of(sim), run.output, *results)
