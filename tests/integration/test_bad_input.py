# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad input gives one clear error, with what to do, before anything is written."""

from __future__ import annotations

import pytest

from tests.integration.playbook import CASE, run_playbook

CHANGE = {"case_id": CASE, "severity": "High"}
OTHER_TENANTS_CASE = {
    "_id": "f" * 24,
    "ticket_id": 990001,
    "name": "Of another tenant",
    "severity": "Low",
    "cust_id": "b2f0c7de54c1498d9a7e3f6d1c20e885",
}

# what is wrong: (options of stellar_case, parts of the message, whether it is found before any request)
BAD = {
    "unknown status": ({**CHANGE, "status": "Canceled"}, ["New, In Progress, Escalated, Resolved, Cancelled"], True),
    "status in small letters": ({**CHANGE, "status": "open"}, ["value of status must be one of", "got: open"], True),
    "unknown severity": ({"case_id": CASE, "severity": "Severe"}, ["Critical, High, Medium, Low"], True),
    "nothing desired": ({"case_id": CASE}, ["declares no state", "at least one of status, severity"], True),
    "only a comment": ({"case_id": CASE, "comment": "x"}, ["posted only when something else"], True),
    "only a misspelt option": ({"case_id": CASE, "severty": "High"}, ["Unsupported parameters", "severty"], True),
    "both ids": ({**CHANGE, "ticket_id": 67535}, ["mutually exclusive: case_id|ticket_id"], True),
    "no id": ({"severity": "High"}, ["one of the following is required: case_id, ticket_id"], True),
    "an id with a slash": ({**CHANGE, "case_id": "../users"}, ["no id of a case", "or ticket_id"], True),
    "an empty id": ({**CHANGE, "case_id": ""}, ["no id of a case"], True),
    "a ticket that is no number": ({"ticket_id": "INC-1", "severity": "High"}, ["ticket_id", "int"], True),
    "an empty tag": ({"case_id": CASE, "tags": {"add": [" "]}}, ["tags.add", "is empty", "an item of its own"], True),
    "a tag with a comma": ({"case_id": CASE, "tags": {"set": ["a,b"]}}, ["Option tags.set", "holds a comma"], True),
    "a tag with a line break": ({"case_id": CASE, "tags": {"delete": ["a\nb"]}}, ["control char", "tags.set"], True),
    "a tag added and deleted": (
        {"case_id": CASE, "tags": {"add": ["a"], "delete": ["a"]}},
        ["adds and deletes 'a'", "Choose one"],
        True,
    ),
    "set beside add": ({"case_id": CASE, "tags": {"add": ["a"], "set": ["b"]}}, ["mutually exclusive: set|add"], True),
    "tags without a verb": ({"case_id": CASE, "tags": {}}, ["add, delete, set"], True),
    "a time that is none": ({**CHANGE, "if_modified_at": "yesterday"}, ["is no time", "epoch milliseconds"], True),
    "a time in seconds": ({**CHANGE, "if_modified_at": 1660835991}, ["no time in epoch milliseconds"], True),
    "an age as a guard": ({**CHANGE, "if_modified_at": "7d"}, ["is an age", "epoch milliseconds"], True),
    "a blank assignee": ({"case_id": CASE, "assignee": "  "}, ["is blank", 'to nobody, give ""'], True),
    "an empty name": ({"case_id": CASE, "name": " "}, ["Option name", "is empty"], True),
    "an empty comment": ({**CHANGE, "comment": ""}, ["Option comment", "is empty"], True),
    "update_alerts of an open case": ({**CHANGE, "update_alerts": True}, ["Set status to Resolved or Cancelled"], True),
    "unknown resolution": ({**CHANGE, "resolution": "Fixed"}, ["False Positive, Benign, True Positive"], True),
    "a resolution of an open case": ({"case_id": CASE, "resolution": "Benign"}, ["Set status to Resolved"], False),
    "a host with a path": ({**CHANGE, "host": "127.0.0.1/connect/api"}, ["holds a path", "adds /connect/api/v1"], True),
    "no host name": ({**CHANGE, "host": "my server"}, ["Option host", "no host name"], True),
    "a host with a user": ({**CHANGE, "host": "https://u:p@127.0.0.1"}, ["user name or password"], True),
    "a strange scheme": ({**CHANGE, "host": "ftp://127.0.0.1"}, ["begins with ftp://"], True),
    "a strange port": ({**CHANGE, "host": "127.0.0.1:x"}, ["Option host", "no host name"], True),
    "plain http": ({**CHANGE, "host": "http://xdr.example.com"}, ["send the key in the clear", "Use https://"], True),
    "no host": ({**CHANGE, "host": ""}, ["Option host", "is missing", "STELLAR_HOST"], True),
    "no key": ({**CHANGE, "api_key": ""}, ["Option api_key", "STELLAR_API_KEY", "access_token"], True),
    "a key with a space": ({**CHANGE, "api_key": "two words"}, ["Option api_key", "Copy the key again"], True),
    "a CA file that is not there": (
        {**CHANGE, "ca_path": "/nowhere/ca.pem"},
        ["names no file", "host that runs"],
        True,
    ),
    "basic without a user": (
        {**CHANGE, "username": "", "auth_method": "basic"},
        ["username is missing", "bearer for a scoped key"],
        True,
    ),
    "a time-out of nothing": ({**CHANGE, "timeout": 0}, ["Option timeout", "from 1 to 3600"], True),
    "a proxy that is no URL": ({**CHANGE, "proxy": "proxy.example.com"}, ["no proxy URL"], True),
    "a wrong key": ({**CHANGE, "api_key": "wrong"}, ["HTTP 401", "legacy key", "revoked", "auth_method"], False),
    "a legacy key as a scoped one": (
        {**CHANGE, "username": "", "api_key": "{{ lookup('env', 'STELLAR_API_KEY') }}"},
        ["HTTP 401", "as a scoped key (Bearer)", "legacy key, set username"],
        False,
    ),
    "a scoped key as a legacy one": (
        {**CHANGE, "api_key": "{{ lookup('env', 'SCOPED_KEY') }}"},
        ["HTTP 401", "looks like a scoped key", "leave username out"],
        False,
    ),
    "an unknown case": ({**CHANGE, "case_id": "0" * 24}, ["HTTP 404", "a case's _id, not its ticket number"], False),
    "an unknown ticket": ({"ticket_id": 1, "severity": "High"}, ["there is none", "Check ticket_id and tenant"], False),
    "a ticket of two tenants": (
        {"ticket_id": 70001, "severity": "Low"},
        ["stands for 2 cases", "Example Tenant", "Example Clinic", "Set tenant"],
        False,
    ),
    "an unknown tenant": (
        {**CHANGE, "tenant": "Exampel Tenant"},
        ["Could not find tenant Exampel Tenant", "Example Tenant", "Check the spelling"],
        False,
    ),
    "an unknown tenant for a ticket": (
        {"ticket_id": 67535, "severity": "High", "tenant": "0" * 32},
        ["Could not find tenant"],
        False,
    ),
    "a case of another tenant": (
        {"case_id": "f" * 24, "severity": "High", "tenant": "Example Tenant"},
        ["Refused case", "it belongs to tenant", "not to Example Tenant"],
        False,
    ),
    "a ticket of another tenant": (
        {"ticket_id": 990001, "severity": "High", "tenant": "Example Tenant"},
        ["there is none in tenant Example Tenant"],
        False,
    ),
    "an unknown user": (
        {"case_id": CASE, "assignee": "nobody@example.com"},
        ["Could not find user nobody@example.com", "Check the spelling", 'assign it to nobody, give ""'],
        False,
    ),
    "no such option": ({**CHANGE, "state": "present"}, ["Unsupported parameters", "state"], True),
}


@pytest.fixture(scope="module")
def tasks(simulator, tmp_path_factory):
    """All of them as tasks of one play that goes on after each."""
    simulator.reset()
    simulator.add_cases([OTHER_TENANTS_CASE])
    run = run_playbook(
        simulator,
        tmp_path_factory.mktemp("bad"),
        [
            {"name": name, "stellarcyber.xdr.stellar_case": options, "ignore_errors": True}
            for name, (options, *_rest) in BAD.items()
        ],
        SCOPED_KEY=simulator.scoped_key,
    )
    assert run.returncode == 0, run.output
    return {task.name: task for task in run.tasks}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(tasks, name):
    _options, parts, before_any_request = BAD[name]
    task = tasks[name]
    assert task.kind == "failed"
    for part in parts:
        assert part in task.result["msg"]
    assert "\n" not in task.result["msg"]
    assert task.writes == []
    if before_any_request:
        assert task.requests == []
