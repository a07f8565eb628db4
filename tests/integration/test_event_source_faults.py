# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source when something fails: at its start, during an outage, when it is killed, and without feedback."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec import event_source as options_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run import event_source as source_module
from tests import canaries, evidence, hostile_text
from tests.integration.event_source import INTERVAL, Engine, connection, listings, polls, running, until
from tests.integration.playbook import ROOT, run_playbook

CASE = "62fceb4a48be7776c793a02a"


@pytest.fixture(autouse=True)
def short_times(monkeypatch):
    monkeypatch.setitem(options_module._RANGES, "interval", (0.01, 86400))
    monkeypatch.setitem(options_module._RANGES, "feedback_timeout", (0.01, 86400))
    monkeypatch.setattr(source_module, "_LONGEST_WAIT_S", 0.2)
    monkeypatch.setattr(source_module, "_SAVE_S", 0.05)


@pytest.fixture
def given(sim, tmp_path):
    """The options of a source that keeps its state and gives up a request soon."""
    return {
        **connection(sim),
        "interval": INTERVAL,
        # A connection may be closed while it waits for the next poll.
        "retries": 1,
        "state_file": str(tmp_path / "state.json"),
    }


def state(given):
    return Path(given["state_file"]).read_text()


def polled(sim, more=1):
    seen = len(polls(sim))
    until(lambda: len(polls(sim)) >= seen + more)


def ids(events):
    return [event["stellar_case"]["case_id"] for event in events]


# -- the start -------------------------------------------------------------------------------------------

MISUSE = {
    "host is required.": {"host": None},
    "host, from the rulebook, is empty.": {"host": ""},
    "host, from the rulebook, contains a path or a query.": {"host": "https://a.example/login"},
    "api_key is required.": {"api_key": None},
    "api_key, from the rulebook, has no value.": {"api_key": [None]},
    "tenant, from the rulebook, contains only spaces.": {"tenant": " "},
    "validate_certs, from the rulebook, must be true or false, got 'ture'.": {"validate_certs": "ture"},
    "ca_path, from the rulebook, does not exist: /nowhere.": {"ca_path": "/nowhere"},
    "retries, from the rulebook, must be a whole number, got 'x'.": {"retries": "x"},
    "intervall is unknown. Did you mean interval?": {"intervall": 5},
    "zzz is unknown. Valid options are host, ": {"zzz": 5},
    "interval must be from ": {"interval": 0},
    'interval must be a number; got "soon".': {"interval": "soon"},
    "overlap must be from 2 to 86400, got 1.": {"overlap": 1},
    "since has no value.": {"since": ""},
    "since: 'yesterday' is not a valid time.": {"since": "yesterday"},
    "since: 5 has no unit (s, m, h, d or w).": {"since": 5},
    "since is in the future and can never match.": {"since": "2099-01-01"},
    "since is all, which requires max_backlog.": {"since": "all"},
    "max_backlog must be from 0 to 10000000, got -1.": {"max_backlog": -1},
    'max_backlog must be a whole number; got "1.5".': {"max_backlog": "1.5"},
    'changes must be one of created, updated; got "deleted".': {"changes": ["deleted"]},
    "changes is an empty list.": {"changes": []},
    "fields is an empty list.": {"fields": []},
    "fields must be one of case_id, ": {"fields": ["_id"]},
    'unsupported must be one of fail, scan; got "ignore".': {"unsupported": "ignore"},
    'ignore_own_changes must be true or false; got "ja".': {"ignore_own_changes": "ja"},
    "ignore_own_changes has no value.": {"ignore_own_changes": ""},
    'feedback must be true or false; got "ja".': {"feedback": "ja"},
    "feedback: the engine gives no queue for it.": {"feedback": True},
    "feedback_timeout must be from ": {"feedback_timeout": 0},
    "status is an empty list, which no case matches.": {"status": []},
    'status must be one of New, In Progress, Escalated, Resolved, Cancelled; got "Open".': {"status": ["Open"]},
    'tags: tag "a,b" contains a comma': {"tags": ["a,b"]},
    "min_score must be from 0 to 100; got 101.": {"min_score": 101},
    "min_score and max_score: the range is empty.": {"min_score": 80, "max_score": 20},
    "created_after: 'soon' is not a valid time.": {"created_after": "soon"},
    "modified_after is unknown.": {"modified_after": "1d"},
    "state_file FOLDER/none/state.json: can't be locked: No such file or directory.": {
        "state_file": "FOLDER/none/state.json"
    },
}


@pytest.mark.parametrize("message", MISUSE)
def test_a_wrong_option_ends_the_start_before_anything_is_sent(sim, given, tmp_path, message):
    changed = json.loads(json.dumps(MISUSE[message]).replace("FOLDER", str(tmp_path)))
    changed = {name: None if value == [None] else value for name, value in changed.items()}
    options = {name: value for name, value in {**given, **changed}.items() if MISUSE[message].get(name, "") is not None}
    error = Engine(options).wait_for_error()
    assert str(error).startswith(message.replace("FOLDER", str(tmp_path)))
    assert "\n" not in str(error)
    assert sim.requests() == []
    canaries.assert_none(canaries.of(sim), str(error), where="errors of the event source")


BROKEN = {
    "Could not get an access token (…): HTTP 401": {"api_key": "wrong"},
    "Could not find tenant Nobody": {"tenant": "Nobody"},
    "no answer: ": {"host": "127.0.0.1:1"},
    "no answer: .*resolve": {"host": "stellar.invalid"},
    "TLS failed, so nothing was sent": {"ca_path": None},
}


@pytest.mark.parametrize("words", BROKEN)
def test_what_can_not_work_ends_the_start(sim, given, words, monkeypatch):
    options = {name: value for name, value in {**given, **BROKEN[words]}.items() if value is not None}
    error = str(Engine(options).wait_for_error(20))
    assert words.replace("…", "").split("(")[0].split(".*")[0] in error
    assert "\n" not in error
    canaries.assert_none(canaries.of(sim), error, where="errors of the event source")


def test_403_ends_the_start(sim, given):
    sim.fault("status", status=403, path="/cases", times=0)
    assert "HTTP 403" in str(Engine(given).wait_for_error())


def test_a_platform_that_asks_to_come_later_is_waited_for(sim, given, caplog):
    sim.fault("status", status=503, path="/cases", times=3)
    with running({**given, "retries": 0}) as engine:
        polled(sim)
        assert engine.error is None
    assert len([text for text in caplog.messages if "The source waits for the platform." in text]) == 1


def test_more_changes_than_max_backlog(sim, given):
    error = Engine({**given, "since": "all", "max_backlog": 59}).wait_for_error()
    assert str(error).startswith("max_backlog is 59, and more cases than that are to be delivered.")
    with running({**given, "since": "all", "max_backlog": 60, "state_file": given["state_file"] + "2"}) as engine:
        engine.wait(60)


def test_ignore_own_changes_needs_to_know_whose_key_it_is(sim, given):
    sim.fault("status", status=403, path="/users", times=0)
    error = str(Engine({**given, "ignore_own_changes": True}).wait_for_error())
    assert error.startswith("ignore_own_changes can't be used, because neither the key nor the list of users tells")


# -- outages ---------------------------------------------------------------------------------------------


def logged(caplog):
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("status", {"status": 500}),
        ("status", {"status": 503}),
        ("status", {"status": 403}),
        ("status", {"status": 401, "body": {"error": "gone"}}),
        ("drop_before", {}),
        ("html", {}),
        ("truncate", {}),
        ("not_json", {}),
        ("wrong_shape", {"body": {"detail": 1}}),
    ],
)
def test_an_outage_loses_nothing_and_is_told_in_two_lines(sim, given, caplog, kind, parameters):
    with running({**given, "retries": 0}) as engine:
        polled(sim)
        sim.edit(CASE, {"severity": "Low"})
        engine.wait(1)
        sim.fault(kind, path="/cases", times=0, **parameters)
        sim.edit(CASE, {"severity": "High"})
        time.sleep(1)
        sim.edit(CASE, {"status": "Escalated"})
        changed = [case["_id"] for case in sim.cases()[10:15]]
        for case_id in changed:
            sim.edit(case_id, {"severity": "Critical"})
        assert len(engine.events) == 1
        sim.clear_faults()
        engine.wait(7)
        polled(sim, 2)
        assert engine.error is None
    assert sorted(ids(engine.events)) == sorted([CASE, CASE, *changed])
    down, up = logged(caplog)
    assert down.endswith("The source goes on when the platform answers again.")
    assert up.startswith("The platform answers again, after ")
    canaries.assert_none(canaries.of(sim), *caplog.messages, where="logs of the event source")


def test_pages_are_large_again_after_an_outage(sim, given, caplog):
    with running({**given, "retry_budget": 1}) as engine:
        polled(sim)
        sim.fault("status", status=503, path="/cases", times=0)
        until(lambda: logged(caplog), 20)
        sim.clear_faults()
        until(lambda: any("answers again" in text for text in logged(caplog)), 20)
        polled(sim)
        assert engine.error is None
    assert polls(sim)[-1]["query"]["limit"] == "500"


def test_429_is_waited_for_as_long_as_the_platform_asks(sim, given, caplog):
    with running({**given, "retries": 0}) as engine:
        polled(sim)
        sim.fault("status", status=429, retry_after="2", path="/cases", times=1)
        before = len(listings(sim))
        sim.edit(CASE, {"severity": "Low"})
        time.sleep(1.5)
        assert len(listings(sim)) - before <= 2
        engine.wait(1)
    assert ids(engine.events) == [CASE]


def test_a_token_that_expires_is_renewed(sim, given, caplog):
    sim.switch(token_lifetime_s=2)
    with running(given) as engine:
        polled(sim)
        for severity in ("Low", "High", "Critical"):
            time.sleep(1)
            sim.edit(CASE, {"severity": severity})
        engine.wait(3)
    assert len(sim.tokens()) >= 2
    assert logged(caplog) == []


def test_a_platform_that_refuses_the_token_once_is_no_outage(sim, given, caplog):
    with running(given) as engine:
        polled(sim)
        sim.fault("expire_token", path="/cases")
        sim.edit(CASE, {"severity": "Low"})
        engine.wait(1)
    assert logged(caplog) == []


# -- the loop --------------------------------------------------------------------------------------------


def test_a_stalled_answer_does_not_block_the_loop_nor_the_end(sim, given):
    with running({**given, "timeout": 60}) as engine:
        polled(sim)
        sim.fault("stall", path="/cases", times=0, max_s=20)
        time.sleep(0.5)
        engine.lag = 0.0
        time.sleep(3)
        # Far less on an idle machine: tests/bench/event_source.py
        assert engine.lag < 2
        assert engine.stop() < 5
    assert json.loads(state(given))["stellar_cases"] == 1


def test_the_end_while_the_engine_takes_nothing(sim, given):
    with running(given) as engine:
        polled(sim)
        engine.pause()
        for case in sim.cases():
            sim.edit(case["_id"], {"severity": "Low"})
        time.sleep(0.5)
        assert engine.stop() < 5


# -- the state file --------------------------------------------------------------------------------------


def test_a_source_goes_on_where_it_was_stopped(sim, given):
    with running(given) as engine:
        polled(sim)
        for case in sim.cases()[:5]:
            sim.edit(case["_id"], {"severity": "Low"})
        engine.wait(5)
    changed = [case["_id"] for case in sim.cases()[5:10]]
    for case_id in changed:
        sim.edit(case_id, {"severity": "Low"})
    with running(given) as again:
        again.wait(7)
        polled(sim, 2)
    # The last two events are not known to be with the engine.
    assert [event["meta"] for event in again.events[:2]] == [event["meta"] for event in engine.events[3:]]
    assert ids(again.events[2:]) == changed
    assert os.stat(given["state_file"]).st_mode & 0o777 == 0o600
    canaries.assert_none(canaries.of(sim), state(given), where="state files")


def refused(options):
    return str(Engine(options).wait_for_error())


def test_a_state_of_another_source_is_refused(sim, given):
    with running(given):
        polled(sim)
    content = state(given)
    sim.clear_requests()
    path = given["state_file"]
    start = f"state_file {path}: is of a source with another"
    assert refused({**given, "tenant": "Example Tenant"}).startswith(f'{start} tenant: "", and not "Example Tenant".')
    assert refused({**given, "severity": ["High"]}).startswith(f"{start} set of filters. ")
    assert refused({**given, "host": "other.example"}).startswith(f"{start} platform: ")
    assert "Give another state_file, or move this one away" in refused({**given, "host": "other.example"})
    assert state(given) == content
    # What changes nothing of what was left out
    with running({**given, "fields": ["case_id"], "changes": ["created"], "interval": 0.2}) as engine:
        polled(sim)
        assert engine.error is None


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"stellar_cases": 2}', '{"stellar_cases": 1}', "[" * 100_000, "\x00" * 50]
)
def test_a_broken_state_is_refused_and_left_as_it_is(sim, given, content):
    with running(given):
        polled(sim)
    good = json.loads(state(given))
    spoilt = content
    if content == '{"stellar_cases": 1}':
        spoilt = json.dumps({**good, "cursor": "x"})
    Path(given["state_file"]).write_text(spoilt)
    sim.clear_requests()
    message = refused(given)
    assert message.startswith(f"state_file {given['state_file']}: ")
    assert "It was not changed." in message
    assert state(given) == spoilt
    assert sim.requests() == []


def test_a_state_file_has_one_source(sim, given):
    with running(given):
        polled(sim)
        assert "is used by another event source." in refused(given)
    with running(given) as engine:
        polled(sim)
        assert engine.error is None


def test_a_state_file_that_can_not_be_written_any_more(sim, given, tmp_path, caplog):
    folder = tmp_path / "folder"
    folder.mkdir()
    with running({**given, "state_file": str(folder / "state.json")}) as engine:
        polled(sim)
        (folder / "state.json.new").mkdir()
        for case in sim.cases()[:5]:
            sim.edit(case["_id"], {"severity": "Low"})
        engine.wait(5)
        until(lambda: len(logged(caplog)) == 1)
        (folder / "state.json.new").rmdir()
        until(lambda: len(logged(caplog)) == 2)
    assert logged(caplog) == ["state_file can not be written: Is a directory.", "state_file can be written again."]
    assert len(json.loads((folder / "state.json").read_text())["cases"]) >= 3


def test_a_link_is_not_written_through(sim, given, tmp_path):
    target = tmp_path / "target"
    target.write_text("kept")
    os.symlink(target, given["state_file"] + ".new")
    os.symlink(target, given["state_file"] + ".lock")
    assert "can't be locked" in refused(given)
    os.unlink(given["state_file"] + ".lock")
    assert "can't be written" in refused(given)
    assert target.read_text() == "kept"


def child(options, output):
    command = [sys.executable, "-m", "tests.integration.event_source", json.dumps(options), str(output)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def read(output):
    lines = output.read_text().splitlines() if output.exists() else []
    found = []
    for line in lines:
        try:
            found.append(json.loads(line))
        except ValueError:  # the kill cut it
            continue
    return found


def test_nothing_is_lost_when_the_source_is_killed(sim, given, tmp_path):
    output = tmp_path / "events.jsonl"
    given = {**given, "interval": 1}
    process = child(given, output)
    until(lambda: os.path.exists(given["state_file"]), 30)
    cases = [case["_id"] for case in sim.cases()]
    kills = 0
    for number in range(3):
        for case_id in cases:
            sim.edit(case_id, {"severity": ("Low", "High", "Critical")[number]})
        time.sleep(0.7)
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
        process = child(given, output)
    wanted = {(case["_id"], case["modified_at"]) for case in sim.cases() if case["severity"] == "Critical"}

    def delivered():
        return Counter(
            (event["stellar_case"]["case_id"], event["stellar_case"]["modified_at"]) for event in read(output)
        )

    until(lambda: wanted <= set(delivered()), 30)
    assert wanted <= set(delivered())
    # The last of them may just be starting.
    polled(sim, 3)
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0
    canaries.assert_none(canaries.of(sim), output.read_text(), process.stderr.read(), where="events and logs")
    # Of each state no more copies than kills, and one
    assert max(delivered().values()) <= kills + 1


def test_sigterm_during_a_stalled_read_ends_the_process(sim, given, tmp_path):
    process = child({**given, "interval": 1}, tmp_path / "events.jsonl")
    until(lambda: len(polls(sim)) >= 1, 30)
    sim.fault("stall", path="/cases", times=0, max_s=60)
    time.sleep(1.5)
    process.send_signal(signal.SIGTERM)
    # Far less than the stall
    assert process.wait(10) == 0
    assert process.stderr.read() == ""


# -- feedback --------------------------------------------------------------------------------------------


def test_events_are_confirmed_by_feedback(sim, given):
    with running({**given, "feedback": True}, acknowledges=lambda number: number != 3) as engine:
        polled(sim)
        for case in sim.cases()[:5]:
            sim.edit(case["_id"], {"severity": "Low"})
        engine.wait(3)
        engine.give_feedback({"meta": {"uuid": "strange"}})
        engine.give_feedback("stranger")
        time.sleep(0.3)
        assert len(engine.events) == 3
    assert len(json.loads(state(given))["cases"]) >= 2
    with running({**given, "feedback": True}, acknowledges=lambda number: True) as again:
        again.wait(3)
        polled(sim, 2)
    # The event without feedback comes again, and those before it do not.
    assert [event["meta"] for event in again.events[:1]] == [event["meta"] for event in engine.events[2:]]
    assert len(again.events) == 3


def test_what_is_acknowledged_is_in_the_state_file_before_the_next_event(sim, given, tmp_path, monkeypatch):
    """So that after a kill no event comes again that the engine has."""
    # Without the saves of every second
    monkeypatch.setattr(source_module, "_SAVE_S", 600)
    with running({**given, "feedback": True}, acknowledges=lambda number: number < 3) as engine:
        polled(sim)
        for case in sim.cases()[:4]:
            sim.edit(case["_id"], {"severity": "Low"})
        engine.wait(3)
        # As a kill leaves it
        copy = tmp_path / "copy.json"
        copy.write_text(state(given))
    before = [event["meta"] for event in engine.events]
    with running({**given, "feedback": True, "state_file": str(copy)}, acknowledges=lambda number: True) as again:
        again.wait(2)
        polled(sim, 2)
    assert [event["meta"] for event in again.events][:1] == before[2:]
    assert len(again.events) == 2


def test_an_event_without_feedback_is_offered_again_and_then_given_up(sim, given, caplog):
    options = {**given, "feedback": True, "feedback_timeout": 0.2}
    with running(options, acknowledges=lambda number: number not in (1, 2, 4, 5, 6)) as engine:
        polled(sim)
        for case in sim.cases()[:3]:
            sim.edit(case["_id"], {"severity": "Low"})
        engine.wait(7)
        polled(sim, 2)
    names = [event["meta"]["uuid"] for event in engine.events]
    assert [names.count(name) for name in dict.fromkeys(names)] == [3, 3, 1]
    assert [re.split(" for event| [0-9a-f]{8}-", text)[0] for text in logged(caplog)] == [
        "No feedback",
        "The engine acknowledges events in time again.",
        "No feedback",
        "Event",
        "The engine acknowledges events in time again.",
    ]


def test_late_feedback_is_taken_while_the_queue_is_full(sim, given):
    options = {**given, "feedback": True, "feedback_timeout": 0.2}
    with running(options, acknowledges=lambda number: number > 1) as engine:
        polled(sim)
        sim.edit(CASE, {"severity": "Low"})
        engine.wait(1)
        engine.pause()
        time.sleep(1)
        engine.give_feedback(engine.events[0])
        engine._takes.set()
        other = sim.cases()[7]["_id"]
        sim.edit(other, {"severity": "Low"})
        until(lambda: other in ids(engine.events))
    assert other in ids(engine.events)


# -- hostile texts ---------------------------------------------------------------------------------------


def test_hostile_texts_are_no_templates_in_a_playbook(sim, given, tmp_path):
    executed = tmp_path / "executed"
    texts = hostile_text.texts(str(executed))
    sim.reset(seed=hostile_text.platform(texts))
    with running({**given, "since": "2001-01-01"}) as engine:
        engine.wait(len(texts), 30)
    assert len(engine.events) == len(texts)
    # As ansible-rulebook does it for run_playbook
    variables = tmp_path / "variables.json"
    variables.write_text(json.dumps({"ansible_eda": {"events": engine.events}}))
    run = run_playbook(
        sim,
        tmp_path,
        [
            {"ansible.builtin.debug": {"var": "ansible_eda.events"}},
            {"ansible.builtin.set_fact": {"copied": "{{ ansible_eda.events }}"}},
            {"ansible.builtin.debug": {"msg": "{{ copied | map(attribute='stellar_case.name') | list }}"}},
        ],
        "-e",
        f"@{variables}",
    )
    assert run.returncode == 0, run.output[-2000:]
    assert not executed.exists()
    assert run[2].result["msg"] == [event["stellar_case"]["name"] for event in engine.events]
    assert "1337" not in json.dumps([task.result for task in run.tasks])
    for event in engine.events:
        text = json.dumps(event, ensure_ascii=False)
        assert not hostile_text.steering(text)
        assert not hostile_text.commands(text)
    for title in texts:
        for place in set(hostile_text.LISTED) - {"description"}:
            evidence.record("hostile text", text=title, place=place, through="event source stellar_cases")
