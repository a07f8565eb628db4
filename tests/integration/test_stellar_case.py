# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""stellar_case: each option in check mode, for real, and again."""

from __future__ import annotations

import json

import pytest

from tests.integration.playbook import CASE, run_playbook

TOKEN, GET, PUT, LIST = "POST access_token", "GET cases/ID", "PUT cases/ID", "GET cases"
USERS, COMMENT, HISTORY = "GET users", "POST cases/ID/comments", "GET cases/ID/activities"
SOC_LEAD_ID = "0b54e8a2c1f94d7a9e63d27f58b1c0a4"
RESOLVED = {"status": "Resolved", "closed": 1}

# option under test: (fields of the case before, the task's options, body of the PUT, calls before the PUT)
OPTIONS = {
    "status": ({}, {"status": "Escalated"}, {"status": "Escalated"}, [TOKEN, GET]),
    "severity": ({}, {"severity": "Critical"}, {"severity": "Critical"}, [TOKEN, GET]),
    "name": ({}, {"name": "Renamed"}, {"name": "Renamed"}, [TOKEN, GET]),
    "description": ({}, {"description": "What happened"}, {"description": "What happened"}, [TOKEN, GET]),
    "resolution": (
        RESOLVED,
        {"resolution": "Benign"},
        {"status": "Resolved", "resolution": "Benign"},
        [TOKEN, GET],
    ),
    "update_alerts": (
        {},
        {"status": "Resolved", "update_alerts": True},
        {"status": "Resolved", "update_alerts": True},
        [TOKEN, GET],
    ),
    "assignee by e-mail": (
        {},
        {"assignee": "soc-lead@example.com"},
        {"assignee": "soc-lead@example.com"},
        [TOKEN, GET, USERS],
    ),
    "assignee by id": ({}, {"assignee": SOC_LEAD_ID}, {"assignee": "soc-lead@example.com"}, [TOKEN, GET, USERS]),
    "assignee by another spelling": (
        {},
        {"assignee": "SOC-Lead@Example.com"},
        {"assignee": "soc-lead@example.com"},
        [TOKEN, GET, USERS],
    ),
    "assignee shown by another name": (
        {},
        {"assignee": "ohtani@example.com"},
        {"assignee": "ohtani@example.com"},
        [TOKEN, GET, USERS],
    ),
    "assignee nobody": ({"assignee": SOC_LEAD_ID}, {"assignee": ""}, {"assignee": ""}, [TOKEN, GET]),
    "tags.add": ({"tags": ["b"]}, {"tags": {"add": ["a", "b"]}}, {"tags": {"add": ["a"]}}, [TOKEN, GET]),
    "tags.delete": ({"tags": ["b"]}, {"tags": {"delete": ["b", "z"]}}, {"tags": {"delete": ["b"]}}, [TOKEN, GET]),
    "tags.set": (
        {"tags": ["b", "c"]},
        {"tags": {"set": ["a", "b", "a"]}},
        {"tags": {"add": ["a"], "delete": ["c"]}},
        [TOKEN, GET],
    ),
    "comment": ({}, {"severity": "High", "comment": "Seen"}, {"severity": "High"}, [TOKEN, GET]),
    "if_unmodified_since": (
        {"modified_at": 1660835991789},
        {"severity": "High", "if_unmodified_since": 1660835991789},
        {"severity": "High"},
        [TOKEN, GET],
    ),
    "tenant by name": ({}, {"severity": "High", "tenant": "Example Tenant"}, {"severity": "High"}, [TOKEN, GET]),
    "tenant by id": (
        {},
        {"severity": "High", "tenant": "6aeb2aae7d8d4ef0820136f42d107db4"},
        {"severity": "High"},
        [TOKEN, GET],
    ),
    "ticket_id": ({}, {"case_id": None, "severity": "High"}, {"severity": "High"}, [TOKEN, LIST]),
    "ticket_id and tenant": (
        {},
        {"case_id": None, "severity": "High", "tenant": "Example Tenant"},
        {"severity": "High"},
        [TOKEN, "GET tenants", LIST],
    ),
    "several": (
        {"tags": ["b"], "assignee": ""},
        {
            "status": "In Progress",
            "severity": "Low",
            "assignee": "ohtani",
            "tags": {"add": ["a"], "delete": ["b"]},
        },
        {
            "status": "In Progress",
            "severity": "Low",
            "assignee": "ohtani@example.com",
            "tags": {"add": ["a"], "delete": ["b"]},
        },
        [TOKEN, GET, USERS],
    ),
}
NUMBERS = {name: number for number, name in enumerate(OPTIONS)}
BASE = {
    "name": "A case",
    "status": "New",
    "severity": "Medium",
    "assignee": "",
    "tags": [],
    "cust_id": "6aeb2aae7d8d4ef0820136f42d107db4",
    "created_at": 1660742474343,
    "modified_at": 1660742474343,
}


@pytest.fixture(scope="module")
def runs(simulator, tmp_path_factory):
    """Three tasks an option in one play: check mode, real, again."""
    simulator.reset()
    simulator.switch(description_in_get=True, description_in_put_answer=True)
    cases = [
        {**BASE, **before, "_id": f"{number:024x}", "ticket_id": 900_000 + number}
        for number, (before, *_rest) in enumerate(OPTIONS.values())
    ]
    simulator.add_cases(cases)
    tasks = []
    for case, (_before, options, *_rest) in zip(cases, OPTIONS.values(), strict=True):
        named = {"case_id": case["_id"]} if "case_id" not in options else {"ticket_id": case["ticket_id"]}
        arguments = {**named, **{name: value for name, value in options.items() if value is not None}}
        tasks += [
            {"stellarcyber.xdr.stellar_case": arguments, "check_mode": check_mode, "diff": True}
            for check_mode in (True, False, False)
        ]
    run = run_playbook(simulator, tmp_path_factory.mktemp("options"), tasks)
    assert run.returncode == 0, run.output
    return {name: run.tasks[3 * number : 3 * number + 3] for name, number in NUMBERS.items()}


@pytest.mark.parametrize("option", OPTIONS)
def test_each_option_in_check_mode_for_real_and_again(runs, option):
    _before, options, body, read_calls = OPTIONS[option]
    check, real, again = runs[option]
    after_put = [COMMENT, GET] if "comment" in options else [HISTORY] if "if_unmodified_since" in options else []

    assert check.result["changed"] is True
    assert real.result["changed"] is True
    assert again.result["changed"] is False
    for told in ("diff", "changes"):
        assert check.result[told] == real.result[told]
    assert again.result["changes"] == []
    assert again.result["diff"]["before"] == again.result["diff"]["after"]

    assert check.writes == []
    assert check.calls == read_calls
    assert real.calls == [*read_calls, PUT, *after_put]
    # An id that the case shows needs no look at the users; a name does, since two people may have it.
    assert again.calls == [call for call in read_calls if call != USERS or option != "assignee by id"]
    assert again.writes == []
    assert [json.loads(entry["body"]) for entry in real.requests if entry["method"] == "PUT"] == [body]

    diff = real.result["diff"]
    assert diff["before_header"] == diff["after_header"] == f"case {900_000 + NUMBERS[option]}"
    managed = set(options) - {"case_id", "ticket_id", "tenant", "if_unmodified_since", "update_alerts"}
    assert set(diff["before"]) == set(diff["after"]) == managed


@pytest.mark.parametrize("option", OPTIONS)
def test_check_mode_returns_the_case_as_the_real_run_leaves_it(runs, option):
    check, real, again = (task.result["case"] for task in runs[option])
    for name in ("status", "severity", "name", "assignee", "resolution", "ticket_id"):
        assert check.get(name) == real.get(name) == again.get(name)
    assert set(check["tags"]) == set(real["tags"]) == set(again["tags"])


def test_the_command_line_check_mode_equals_the_real_run(sim, play):
    tasks = [{"stellarcyber.xdr.stellar_case": {"case_id": CASE, "severity": "High", "comment": "hello"}}]
    check, real = play(tasks, "--check", "--diff"), play(tasks, "--diff")
    assert check[0].result["changed"] is real[0].result["changed"] is True
    assert check[0].result["diff"] == real[0].result["diff"]
    assert check[0].writes == []
    for line in (
        "--- before: case 67535",
        "+++ after: case 67535",
        '-    "severity": "Medium"',
        '+    "severity": "High"',
    ):
        assert line in check.output.replace("\r", "")
        assert line in real.output
