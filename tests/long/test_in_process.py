# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task that runs in the process of its action can't be told from the module's own run.

Each situation runs both ways, and all that is seen of it is equal to the letter: the result, the requests, and what
Ansible prints.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
import trustme

from tests.integration.playbook import run_playbook
from tests.integration.test_bad_input import BAD, OTHER_TENANTS_CASE
from tests.integration.test_in_process import INFO, MODULE, TOKEN, TWO, WAYS, filled
from tests.integration.test_stellar_case import BASE, OPTIONS

HOSTILE = "{{ lookup('pipe','touch PWNED') }}{% raw %}{#!unsafe <b>\u202e\u0007\U0001f600 caf\u00e9"
RECENT_S = int(time.time()) - 100 * 86400
# Of the bad input, what the argument spec refuses, and some that other places do.
REFUSED = (
    "unknown status",
    "only a misspelt option",
    "both ids",
    "no id",
    "a ticket that is no number",
    "set beside add",
    "tags without a verb",
    "a tag with a line break",
    "no host",
    "a key with a space",
    "a wrong key",
    "a scoped key as a legacy one",
    "an unknown user",
)


@dataclass
class Situation:
    """Tasks that go on after a failure. ID stands for the id of a case of their own, TICKET for its number."""

    tasks: list[dict[str, Any]]
    # (kind, details), each for ever and for all paths of the case, if not said otherwise
    faults: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    case: dict[str, Any] = field(default_factory=dict)


def change(options: dict[str, Any] | None = None, **keywords: Any) -> dict[str, Any]:
    wanted = {"case_id": "ID", "severity": "High", **(options or {})}
    return {MODULE: {name: value for name, value in wanted.items() if value is not None}, **keywords}


def info(options: dict[str, Any] | None = None, **keywords: Any) -> dict[str, Any]:
    return {INFO: {"case_id": ["ID"]} if options is None else options, **keywords}


def show(expression: str) -> dict[str, Any]:
    return {"ansible.builtin.debug": {"var": expression}}


def fails(kind: str, options: dict[str, Any] | None = None, **details: Any) -> Situation:
    return Situation([change(options)], [(kind, details)])


SITUATIONS = {
    # what goes wrong
    "404": Situation([change({"case_id": "f" * 20})]),
    "401": fails("expire_token"),
    "403": fails("status", status=403, body="not yours"),
    "422": fails("status", status=422, method="PUT", body="no \x1b[31m such \u202e {{ 1 + 1 }}"),
    "503 for ever": fails("status", {"retries": 1, "retry_budget": 5}, status=503, retry_after="0"),
    "503 twice": fails("status", status=503, retry_after="0", times=2),
    "lost connection": fails("drop_before", {"retries": 0}),
    "lost answer": fails("drop_after", {"retries": 0}, method="PUT"),
    "timeout": fails("stall", {"retries": 0, "timeout": 1}, method="PUT"),
    "no JSON": fails("not_json", method="GET"),
    "redirect": fails("redirect", method="PUT"),
    "failure after the write": fails("status", {"comment": "Seen"}, status=500, path="/cases/ID/comments"),
    "half of a surrogate pair": fails("not_json", body='{"data": {"_id": "ID", "name": "\\ud83d"}}'),
    "another CA": Situation([change({"ca_path": "other.pem"})]),
    "no CA": Situation([change({"ca_path": "missing.pem"})]),
    "nobody listens": Situation([change({"host": "127.0.0.1:1", "retries": 0})]),
    "touched since": Situation([change({"if_unmodified_since": 1660000000000})]),
    # how options are given
    "options of other types": Situation(
        [
            change(
                {
                    "case_id": None,
                    "ticket_id": "{{ 'TICKET' | string }}",
                    "tags": {"add": [1, True, 2.5, None, "null"]},
                    "name": 12345,
                    "timeout": "20",
                    "validate_certs": "yes",
                    "if_unmodified_since": "{{ '2099-01-01' }}",
                }
            )
        ]
    ),
    "a list in one text": Situation([info({"case_id": "ID,f00", "include": "comments,scores"})]),
    "a value that is omitted": Situation([change({"comment": "{{ omit }}", "tags": "{{ nothing | default(omit) }}"})]),
    "a value that is undefined": Situation([change({"comment": "{{ nothing }}"})]),
    "tags that are no dict": Situation([change({"tags": ["a"]})]),
    "an unknown verb of tags": Situation([change({"tags": {"added": ["a"]}})]),
    "no options": Situation([{MODULE: None}]),
    "options in one text": Situation([{MODULE: "case_id=ID severity=High name='in one text'"}]),
    "a CA beside the playbook": Situation([change({"ca_path": "ca.pem"})]),
    "a CA by a variable": Situation([change({"ca_path": "$STELLAR_CA_PATH"})]),
    "no verification": Situation([change({"validate_certs": False})]),
    "a key in an option": Situation([change({"api_key": "{{ key }}", "name": "{{ key }} {{ pair }}"})]),
    "a vaulted key": Situation([change({"api_key": "{{ key }}", "name": "Renamed"}, no_log=True)]),
    # what the platform says
    "hostile text": Situation(
        [
            change({"comment": HOSTILE.replace("{", "{{ '{' }}")}, register="found", diff=True),
            show("found"),
            info({"case_id": ["ID"], "include": ["comments", "activities", "summary"]}, register="found"),
            show("found.cases[0]"),
            {"ansible.builtin.debug": {"msg": "{{ found.cases[0].name }} of {{ found }}"}},
            {"ansible.builtin.set_fact": {"kept": "{{ found.cases }}"}},
            show("kept"),
            change({"name": "{{ found.cases[0].name }} again"}),
        ],
        case={"name": HOSTILE, "tags": [HOSTILE.replace(",", " ")]},
    ),
    "keys that Ansible uses itself": Situation(
        [info(register="found"), show("found")],
        [
            (
                "wrong_shape",
                {"body": {"data": {"_id": "ID", "_ansible_no_log": True, "ansible_facts": {"a": 1}, "failed": True}}},
            )
        ],
    ),
    "the key as the name of a case": Situation([change(), info()], case={"name": "KEY and PAIR"}),
    # warnings
    "a warning": Situation([change({"description": "New"}, register="result"), show("result")]),
    "a warning that counts as a failure": Situation(
        [
            change(
                {"description": "New"},
                register="result",
                failed_when="result.warnings | default([]) | length == 1",
            )
        ]
    ),
    "several warnings": Situation(
        [info({"case_id": ["ID"], "include": ["scores", "summary", "alerts"]}, register="result"), show("result")],
        [("status", {"status": 500, "path": "/cases/ID/*"})],
    ),
    # how a task is written
    "check mode": Situation([change(check_mode=True)]),
    "diff": Situation([change({"tags": {"add": ["b"]}}, diff=True)]),
    "no_log": Situation([change(no_log=True, register="result"), show("result.case.severity")]),
    "no_log of a failure": Situation([change({"case_id": "f" * 20}, no_log=True)]),
    "a loop": Situation(
        [
            {
                MODULE: {"case_id": "{{ item }}", "tags": {"add": ["looped"]}},
                "loop": [*TWO, "nowhere", "no id!", TWO[0]],
                "register": "result",
                "diff": True,
            },
            show("result"),
        ]
    ),
    "a loop with warnings and labels": Situation(
        [
            {
                MODULE: {"case_id": "{{ item }}", "description": "New", "tags": {"add": ["{{ item }}"]}},
                "loop": TWO,
                "loop_control": {"label": "{{ item[:2] }}", "index_var": "number", "extended": True},
                "register": "result",
            },
            show("result"),
        ]
    ),
    "a loop over users": Situation(
        [{MODULE: {"case_id": TWO[0], "assignee": "{{ item }}"}, "loop": ["ohtani", "soc-lead@example.com", "nobody"]}]
    ),
    "a loop over keys": Situation(
        [
            {
                MODULE: {
                    "case_id": TWO[0],
                    "severity": "Low",
                    "api_key": "{{ keys[item] }}",
                    "name": "{{ keys[item] }}",
                },
                # Not the keys themselves: Ansible shows what a loop goes over.
                "vars": {"keys": {"right": "{{ key }}", "wrong": "wrong-key-4711"}},
                "loop": ["right", "wrong", "right"],
            }
        ]
    ),
    "conditions on the result": Situation(
        [
            change(
                register="result",
                changed_when="result.changes | length > 1",
                failed_when="result.case.severity == 'High'",
            ),
            change({"case_id": "f" * 20}, register="result", failed_when="result.error.status != 404"),
        ]
    ),
    "until": Situation(
        [change({"retries": 0}, register="result", until="result is success", retries=3, delay=0)],
        [("status", {"status": 500, "times": 2})],
    ),
    "rescue": Situation(
        [{"block": [change({"case_id": "f" * 20}, ignore_errors=False)], "rescue": [show("ansible_failed_result")]}]
    ),
    "defaults of the group": Situation(
        [change(module_defaults={"group/stellarcyber.xdr.stellar": {"tenant": "Nowhere"}})]
    ),
    "defaults of the module": Situation([change({"severity": None}, module_defaults={MODULE: {"severity": "Low"}})]),
    "an action": Situation([{"action": {"module": MODULE, "case_id": "ID", "severity": "High"}}]),
    "a local action": Situation([{"local_action": {"module": MODULE, "case_id": "ID", "severity": "High"}}]),
    "the short name": Situation(
        [
            {
                "block": [{"stellar_case": {"case_id": "ID", "severity": "High", "colour": "red"}}],
                "collections": ["stellarcyber.xdr"],
            }
        ]
    ),
    "delegated": Situation(
        [
            {
                "ansible.builtin.add_host": {
                    "name": "elsewhere",
                    "ansible_connection": "local",
                    "ansible_python_interpreter": "{{ ansible_playbook_python }}",
                }
            },
            change(delegate_to="elsewhere"),
        ]
    ),
    "notify": Situation([change(notify="Handle it")]),
    "a task's timeout": Situation([change(timeout=60)]),
    # reading
    "ids": Situation([info({"case_id": ["ID", "f" * 20], "ticket_id": ["TICKET", 67535, 70001]})]),
    "a query": Situation([info({"tags": ["looped"], "limit": 1, "sort": "score", "order": "desc"})]),
    "a count": Situation([info({"status": ["New"], "count_only": True})]),
    "a range without room": Situation([info({"min_score": 50, "max_score": 20})]),
    **{
        f"option {name}": Situation(
            [
                change({"severity": None, "case_id": "ID", **options}, diff=True, check_mode=check_mode)
                if "case_id" not in options
                else change({"severity": None, "ticket_id": "TICKET", **options}, diff=True, check_mode=check_mode)
                for check_mode in (True, False, False)
            ],
            case=before,
        )
        for name, (before, options, *_rest) in OPTIONS.items()
    },
    **{f"bad input, {name}": Situation([{MODULE: BAD[name][0]}]) for name in REFUSED},
}


@pytest.fixture(scope="module")
def runs(simulator, tmp_path_factory):
    """way -> its Run of all situations, in the same directory."""
    directory = tmp_path_factory.mktemp("ways")
    return {way: _run(simulator, directory, environment) for way, environment in WAYS.items()}


def _named(task, name):
    inner = {key: [_named(one, name) for one in task[key]] for key in ("block", "rescue") if key in task}
    return {"name": name, "ignore_errors": True, **task, **inner}


def _run(simulator, directory, environment):
    shutil.copy(simulator.ca_path, directory / "ca.pem")
    trustme.CA().cert_pem.write_to_path(str(directory / "other.pem"))
    simulator.reset()
    simulator.add_cases([OTHER_TENANTS_CASE, *({**BASE, "_id": id_, "ticket_id": n} for n, id_ in enumerate(TWO, 1))])
    tasks = []
    for number, (name, situation) in enumerate(SITUATIONS.items(), 1000):
        fill = partial(filled, simulator=simulator, number=number)
        simulator.add_cases([fill({**BASE, **situation.case, "_id": "ID"}) | {"ticket_id": number}])
        for kind, details in situation.faults:
            simulator.fault(kind, **fill({"path": "/cases/ID*", "times": 0, **details}))
        tasks += [_named(task, name) for task in fill(situation.tasks)]
    run = run_playbook(
        simulator,
        directory,
        tasks,
        "-v",
        "-e",
        json.dumps({"way": environment}),
        play={
            "environment": "{{ way }}",
            "handlers": [{"name": "Handle it", "ansible.builtin.debug": {"msg": "handled"}}],
        },
        secret_vars=filled({"key": "KEY", "pair": "PAIR"}, simulator, 0),
        SCOPED_KEY=simulator.scoped_key,
    )
    assert run.returncode == 0, run.output
    return run


def describe(value):
    """Return what a run reports, without what each reset of the simulator changes: times, and ids made of them."""
    text = json.dumps(value, indent=1, sort_keys=True)
    text = re.sub(r"\b([0-9a-f]{8})[0-9a-f]{16}\b", lambda id_: "new" if int(id_[1], 16) > RECENT_S else id_[0], text)
    return re.sub(r"\b\d{13}\b", lambda ms: "now" if int(ms[0]) > RECENT_S * 1000 else ms[0], text)


@pytest.mark.parametrize("name", SITUATIONS)
def test_both_ways_are_equal(runs, name):
    here, module = ([task for task in run.tasks if task.name == name] for run in runs.values())
    assert here
    for one, other in zip(here, module, strict=True):
        assert one.kind == other.kind
        assert describe(compared(one.result, one.kind)) == describe(compared(other.result, other.kind))
        assert _without_tokens(one) == _without_tokens(other)


def compared(result, kind="ok"):
    """A result without what may differ: how options are shown in a failure, and how exactly a source is named."""
    has_failed = kind == "failed" or result.get("failed")
    result = {name: value for name, value in result.items() if name != "invocation" or not has_failed}
    # How Ansible keeps what a condition took back
    result.pop("failed_when_suppressed_exception", None)
    result["msg"] = re.sub(r", from the task[^:]*:", ":", str(result.get("msg")))
    if "results" in result:
        result["results"] = [compared(item) for item in result["results"]]
    return result


def _without_tokens(task):
    return [call for call in task.calls if call != TOKEN]


def test_ansible_warns_of_the_same(runs):
    here, module = (re.findall(r"\[WARNING\]: .*", run.output) for run in runs.values())
    assert here
    assert sorted(here) == sorted(module)


def test_a_loop_takes_one_token_and_one_connection(runs):
    here, module = (next(task for task in run.tasks if task.name == "a loop") for run in runs.values())
    assert here.calls == [TOKEN, *["GET cases/ID", "PUT cases/ID"] * 2, *["GET cases/ID"] * 2]
    assert len({entry["connection"] for entry in here.requests}) == 1
    assert module.calls.count(TOKEN) == 4
