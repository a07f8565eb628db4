# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad input gives one clear error, with what to do, before anything is written."""

from __future__ import annotations

import pytest

from tests.integration import many
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
    "status in small letters": (
        {**CHANGE, "status": "open"},
        ["status must be one of New, In Progress,", '; got "open".'],
        True,
    ),
    "unknown severity": ({"case_id": CASE, "severity": "Severe"}, ["Critical, High, Medium, Low"], True),
    "nothing desired": ({"case_id": CASE}, ["declares no state", "at least one of status, severity"], True),
    "only a comment": ({"case_id": CASE, "comment": "x"}, ["posted only when something else"], True),
    "only a misspelt option": ({"case_id": CASE, "severty": "High"}, ["Unsupported parameters", "severty"], True),
    "both ids": ({**CHANGE, "ticket_id": 67535}, ["case_id and ticket_id are mutually exclusive"], True),
    "no id": ({"severity": "High"}, ["case_id or ticket_id is required"], True),
    "an id with a slash": (
        {**CHANGE, "case_id": "../users"},
        ["must have only letters, digits, - and _", "or ticket_id"],
        True,
    ),
    "an empty id": ({**CHANGE, "case_id": ""}, ["case_id", "has no value"], True),
    "a ticket that is no number": ({"ticket_id": "INC-1", "severity": "High"}, ["ticket_id", "whole number"], True),
    "an empty tag": ({"case_id": CASE, "tags": {"add": [" "]}}, ["tags.add", "is empty", "an item of its own"], True),
    "a tag with a comma": ({"case_id": CASE, "tags": {"set": ["a,b"]}}, ["tags.set", "contains a comma"], True),
    "a tag with a line break": ({"case_id": CASE, "tags": {"delete": ["a\nb"]}}, ["control char", "tags.set"], True),
    "a tag added and deleted": (
        {"case_id": CASE, "tags": {"add": ["a"], "delete": ["a"]}},
        ['adds and removes "a"', "Choose one"],
        True,
    ),
    "set beside add": (
        {"case_id": CASE, "tags": {"add": ["a"], "set": ["b"]}},
        ["tags.set and tags.add are mutually exclusive"],
        True,
    ),
    "tags without a verb": ({"case_id": CASE, "tags": {}}, ["tags.add, tags.remove or tags.set is required"], True),
    "a time that is none": (
        {**CHANGE, "if_unmodified_since": "yesterday"},
        ["is not a valid time", "epoch milliseconds"],
        True,
    ),
    "a time in seconds": ({**CHANGE, "if_unmodified_since": 1660835991}, ["may be epoch seconds"], True),
    "an age as a guard": ({**CHANGE, "if_unmodified_since": "7d"}, ["got the age", "epoch milliseconds"], True),
    "a blank assignee": (
        {"case_id": CASE, "assignee": "  "},
        ["contains only spaces", 'unassign the case, give ""'],
        True,
    ),
    "an empty name": ({"case_id": CASE, "name": " "}, ["name", "is empty"], True),
    "an empty comment": ({**CHANGE, "comment": ""}, ["comment", "is empty"], True),
    "update_alerts of an open case": ({**CHANGE, "update_alerts": True}, ["Set status to Resolved or Cancelled"], True),
    "unknown resolution": ({**CHANGE, "resolution": "Fixed"}, ["False Positive, Benign, True Positive"], True),
    "a resolution of an open case": ({"case_id": CASE, "resolution": "Benign"}, ["Set status to Resolved"], False),
    "a host with a path": (
        {**CHANGE, "host": "127.0.0.1/connect/api"},
        ["contains a path", "adds /connect/api/v1"],
        True,
    ),
    "no host name": ({**CHANGE, "host": "my server"}, ["host", "not a valid host name"], True),
    "a host with a user": ({**CHANGE, "host": "https://u:p@127.0.0.1"}, ["user name or password"], True),
    "a strange scheme": ({**CHANGE, "host": "ftp://127.0.0.1"}, ["must use https://, got ftp://"], True),
    "a strange port": ({**CHANGE, "host": "127.0.0.1:x"}, ["host", "not a valid host name"], True),
    "plain http": ({**CHANGE, "host": "http://xdr.example.com"}, ["send the key in clear text", "Use https://"], True),
    "no host": ({**CHANGE, "host": ""}, ["host, from the task or module_defaults, is empty"], True),
    "no key": ({**CHANGE, "api_key": ""}, ["api_key, from the task or module_defaults, is empty"], True),
    "a key with a space": ({**CHANGE, "api_key": "two words"}, ["api_key", "Copy the key again"], True),
    "a CA file that is not there": (
        {**CHANGE, "ca_path": "/nowhere/ca.pem"},
        ["does not exist", "host that runs"],
        True,
    ),
    "no user": ({**CHANGE, "username": ""}, ["username", "is empty", "leave the option out for a scoped"], True),
    "a timeout of nothing": ({**CHANGE, "timeout": 0}, ["timeout", "from 1 to 3600"], True),
    "a proxy that is no URL": ({**CHANGE, "proxy": "proxy.example.com"}, ["not a valid proxy URL"], True),
    "a wrong key": ({**CHANGE, "api_key": "wrong"}, ["HTTP 401", "legacy key", "revoked", "auth_method"], False),
    "a legacy key as a scoped one": (
        {**CHANGE, "auth_method": "bearer", "api_key": "{{ lookup('env', 'STELLAR_API_KEY') }}"},
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
        ["matches 2 cases", "Example Tenant", "Example Clinic", "Set tenant"],
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
        ["Rejected case", "it belongs to tenant", "not to Example Tenant"],
        False,
    ),
    "a ticket of another tenant": (
        {"ticket_id": 990001, "severity": "High", "tenant": "Example Tenant"},
        ["there is none in tenant Example Tenant"],
        False,
    ),
    "an unknown user": (
        {"case_id": CASE, "assignee": "nobody@example.com"},
        ["Could not find user nobody@example.com", "Check the spelling", 'To unassign the case, give ""'],
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


# -- stellar_cases --------------------------------------------------------------------------------------------

RAISE = {"name": "Raise", "match": {"status": ["New"]}, "set": {"severity": "High"}}


def rule(**changes):
    """RAISE with other keys; None leaves one out."""
    return {"rules": [{name: value for name, value in {**RAISE, **changes}.items() if value is not None}]}


def match(**conditions):
    return rule(match=conditions)


# what is wrong: (options of stellar_cases, parts of the message)
BAD_LISTS = {
    "nothing to do": ({}, ["cases, rules, undo_file or plan is required"]),
    "only a summary of rules": (
        {**rule(), "summary_only": True},
        ["summary_only is True but all of the following are missing: undo_file"],
    ),
    "cases and rules": ({**rule(), "cases": [CHANGE]}, ["cases and rules are mutually exclusive"]),
    "rules that are a dictionary": ({"rules": {"name": "x", "match": {}}}, ["rules", "list"]),
    "an unknown option": ({**rule(), "max_change": "5"}, ["Unsupported parameters", "max_change"]),
    "a concurrency that is no number": ({**rule(), "concurrency": "many"}, ["concurrency", "whole number"]),
    "a rule that is a text": (
        {"rules": ["Raise"]},
        ["Elements value for option 'rules' is of type", "to convert to dict"],
    ),
    "no rule": ({"rules": []}, ["rules is an empty list"]),
    "no case": ({"cases": []}, ["cases is an empty list"]),
    "a rule without a name": (rule(name=None), ["Rule 1", "name"]),
    "a rule with a blank name": (rule(name=" "), ["Rule 1 ", "name is empty"]),
    "a rule without match": (rule(match=None), ["Rule 1 'Raise'", "match"]),
    "two rules of one name": (
        {"rules": [RAISE, {**RAISE, "match": {}}]},
        ["Rule 2 'Raise'", "an earlier rule has the same name"],
    ),
    "an unknown key of a rule": (rule(sett={"severity": "Low"}), ["Rule 1 'Raise'", "sett", "is unknown", "comment"]),
    "an unknown key of match": (match(state=["New"]), ["Rule 1 'Raise'", "match.state", "is unknown", "not_status"]),
    "an unknown key of tags": (match(tags={"some": ["x"]}), ["Rule 1 'Raise'", "tags.some", "any, all, none"]),
    "an unknown key of set": (rule(set={"prio": "High"}), ["Rule 1 'Raise'", "set.prio", "is unknown", "severity"]),
    "a description to set": (rule(set={"description": "x"}), ["Rule 1 'Raise'", "set.description", "is unknown"]),
    "an unknown status": (match(status=["Open"]), ["Rule 1 'Raise'", "New, In Progress, Escalated", "Open"]),
    "an unknown severity to set": (rule(set={"severity": "Severe"}), ["Rule 1 'Raise'", "Critical, High, Medium"]),
    "an empty list": (match(status=[]), ["Rule 1 'Raise'", "status", "is an empty list"]),
    "empty tags": (match(tags={}), ["Rule 1 'Raise'", "match.tags"]),
    "a tag with a comma": (match(tags={"any": ["a,b"]}), ["Rule 1 'Raise'", "match.tags.any", "contains a comma"]),
    "a bad regular expression": (
        match(name="(["),
        ["Rule 1 'Raise'", "match.name", "must be a Python regular expression"],
    ),
    "a score over 100": (match(min_score=101), ["Rule 1 'Raise'", "min_score", "from 0 to 100"]),
    "scores without room": (
        match(min_score=60, max_score=50),
        ["Rule 1 'Raise'", "match.min_score and match.max_score"],
    ),
    "sizes without room": (match(min_size=6, max_size=5), ["Rule 1 'Raise'", "match.min_size and match.max_size"]),
    "ages without room": (
        match(older_than="7d", newer_than="1d"),
        ["Rule 1 'Raise'", "match.newer_than and match.older_than"],
    ),
    "an age that is none": (
        match(older_than="a week"),
        ["Rule 1 'Raise'", "older_than", "'a week' is not a valid time", "30m"],
    ),
    "a status and its opposite": (
        match(status=["New"], not_status=["New"]),
        ["Rule 1 'Raise'", "match.status and match.not_status", "can never match together"],
    ),
    "an empty set": (rule(set={}), ["Rule 1 'Raise'", "set", "is empty"]),
    "a comment of a finding": (rule(set=None, comment="x"), ["Rule 1 'Raise'", "comment", "needs set"]),
    "a tag added and deleted": (
        rule(set={"tags": {"add": ["a"], "delete": ["a"]}}),
        ["Rule 1 'Raise'", 'adds and removes "a"'],
    ),
    "a resolution of open cases": (
        rule(set={"resolution": "Benign"}),
        ["Rule 1 'Raise'", "belongs to status Resolved"],
    ),
    "an unknown user": (rule(set={"assignee": "nobody@example.com"}), ["Rule 1 'Raise'", "Could not find user"]),
    "an unknown user to match": (match(assignee=["nobody@example.com"]), ["Rule 1 'Raise'", "Could not find user"]),
    "an unknown tenant to match": (match(tenant=["Nowhere"]), ["Rule 1 'Raise'", "Could not find tenant Nowhere"]),
    "rules that undo each other": (
        {
            "rules": [
                {"name": "Lower", "match": {"severity": ["High"]}, "set": {"severity": "Low"}},
                {**RAISE, "match": {"severity": ["Medium"]}},
            ]
        },
        ["'Raise'", "'Lower'", "once more in the next run", "severity from 'High' to 'Low'"],
    ),
    "a share over 100": ({**rule(), "max_changes": "101%"}, ["max_changes must be from 0% to 100%, got 101%."]),
    "a limit that is none": ({**rule(), "max_changes": "few"}, ["max_changes", "got 'few'"]),
    "no concurrency": ({**rule(), "concurrency": 0}, ["concurrency must be from 1 to 32, got 0."]),
    "too much concurrency": ({**rule(), "concurrency": 33}, ["concurrency must be from 1 to 32, got 33."]),
    "a blank journal": ({**rule(), "journal": " "}, ["journal is empty"]),
    "no time": ({**rule(), "time_budget": 0}, ["time_budget must be from 1 to 86400, got 0."]),
    "a negative age": ({**rule(), "recheck_after": -1}, ["recheck_after must be from 0 to 86400, got -1."]),
    "an item without an id": (
        {"cases": [{"severity": "High"}]},
        ["Item 1 of cases", "case_id or ticket_id is required"],
    ),
    "an item without a state": ({"cases": [CHANGE, {"ticket_id": 1}]}, ["Item 2 of cases", "declares no state"]),
    "an item with an unknown key": ({"cases": [{**CHANGE, "host": "x"}]}, ["Item 1 of cases", "host", "is unknown"]),
    "an item with a path as its id": (
        {"cases": [{**CHANGE, "case_id": "../x"}]},
        ["Item 1 of cases", "must have only letters, digits, - and _"],
    ),
    "one case twice": ({"cases": [CHANGE, CHANGE]}, ["Item 2 of cases", "is already declared by item 1"]),
    "one case by both its numbers": (
        {"cases": [CHANGE, {"ticket_id": 67535, "status": "New"}]},
        ["Item 2 of cases (ticket 67535)", "is already declared by item 1", "Declare all of a case in one item"],
    ),
    "an undo file that is not there": ({"undo_file": "/nowhere/undo.json"}, ["undo_file", "can't be read", "No such"]),
}
# Those that Ansible itself refuses
BY_ANSIBLE = list(BAD_LISTS)[:7]


@pytest.fixture(scope="module")
def list_tasks(simulator, tmp_path_factory):
    """Some of them as tasks of one play: what Ansible itself refuses, and one of each kind."""
    simulator.reset()
    names = [*BY_ANSIBLE, "an unknown key of match", "one case by both its numbers"]
    run = run_playbook(
        simulator,
        tmp_path_factory.mktemp("bad_lists"),
        [{"name": name, "stellarcyber.xdr.stellar_cases": BAD_LISTS[name][0], "ignore_errors": True} for name in names],
    )
    assert run.returncode == 0, run.output
    return {task.name: task for task in run.tasks}


@pytest.mark.parametrize("name", [*BY_ANSIBLE, "an unknown key of match", "one case by both its numbers"])
def test_bad_lists_in_a_play(list_tasks, name):
    task = list_tasks[name]
    assert task.kind == "failed"
    for part in BAD_LISTS[name][1]:
        assert part in task.result["msg"]
    assert task.writes == []


@pytest.mark.parametrize("name", [name for name in BAD_LISTS if name not in BY_ANSIBLE])
def test_bad_lists(sim, name):
    options, parts = BAD_LISTS[name]
    done = many.run(sim, **options)
    assert done.failed
    for part in parts:
        assert part in done.result["msg"]
    assert "\n" not in done.result["msg"]
    assert sim.writes() == []
    needs_the_platform = any(
        word in name for word in ("unknown user", "unknown tenant", "undo each", "both its numbers")
    )
    assert bool(done.requests) is needs_the_platform


UNDO_FILES = {
    "no JSON": ("{", ["line 1 must be JSON of a report or a journal"]),
    "a text": ('"x"', ["it is neither a report of the role case_hygiene nor a journal"]),
    "nothing": ("", ["Could not read"]),
    "another report": ('{"report": 1}', ["it is neither a report"]),
    "an undo list": (f'[{{"case_id": "{CASE}", "severity": "Low"}}]', ["it is neither a report", "the option cases"]),
    "a result of a task": (
        f'{{"platform": "xdr.example.com", "undo": [{{"case_id": "{CASE}", "severity": "Low"}}]}}',
        ["it is neither a report", "the option cases"],
    ),
    "a report of check mode": (
        '{"report": 1, "mode": "check", "undo": []}',
        ["contains nothing to undo", "check mode"],
    ),
    "a journal without an entry": ('{"journal": 1}\n', ["contains nothing to undo", "ended before its first write"]),
    "an item that is none": ('{"report": 1, "undo": [{"case_id": "x y"}]}', ["Item 1 of undo_file"]),
    "an item with an unknown key": (
        f'{{"report": 1, "undo": [{{"case_id": "{CASE}", "severtiy": "Low"}}]}}',
        ["Item 1 of undo_file", "severtiy"],
    ),
    "a journal with a line that is none": ('{"journal": 1}\nx\n{"undo": {"case_id": "x"}}\n', ["line 2 must be JSON"]),
    "binary": (b"\xff\xfe\x00", ["can't be read"]),
}


@pytest.mark.parametrize("name", UNDO_FILES)
def test_bad_undo_files(sim, tmp_path, name):
    content, parts = UNDO_FILES[name]
    file = tmp_path / "undo"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    done = many.run(sim, undo_file=str(file))
    assert done.failed
    for part in parts:
        assert part in done.result["msg"]
    assert done.requests == []
