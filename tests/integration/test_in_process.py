# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a task runs in the process of its action, and how it differs then from the module's own run: in speed only.

tests/long/test_in_process.py compares all that is seen of both.
"""

from __future__ import annotations

import ast
import base64
import getpass
import json
import re
import socket
import sys
import threading
import time
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE as CASE_OPTIONS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils import _in_process
from tests.canaries import JWT
from tests.integration.playbook import CASE, ROOT, calls, parameters, run_playbook
from tests.integration.test_stellar_case import BASE

pytestmark = pytest.mark.slow

MODULE, INFO = "stellarcyber.xdr.stellar_case", "stellarcyber.xdr.stellar_case_info"
TOKEN = "POST access_token"
# An action can't give itself an environment: with one, the module runs.
WAYS = {"in process": {}, "as a module": {"ANY": "thing"}}
TWO = ["a" * 24, "b" * 24]


def filled(value, simulator, number):
    """A value with the words in capitals replaced."""
    pair = base64.b64encode(f"{simulator.username}:{simulator.api_key}".encode()).decode()
    words = {"ID": f"{number:024x}", "TICKET": str(number), "KEY": simulator.api_key, "PAIR": pair}
    return json.loads(re.sub(r"\b(ID|TICKET|KEY|PAIR)\b", lambda word: words[word[0]], json.dumps(value)))


# -- when the module runs ---------------------------------------------------------------------------

LOOP = {MODULE: {"case_id": "{{ item }}", "severity": "High"}, "loop": TWO}
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
# how a loop of two items runs: (keywords of the task, whether in process)
PLACES = {
    "here": ({}, True),
    "an empty environment": ({"environment": [{}, "{{ {} }}"]}, True),
    "an environment": ({"environment": {"ANY": "thing"}}, False),
    "an environment from a variable": ({"environment": "{{ {'ANY': 'thing'} }}"}, False),
    "another user": ({"become": True, "become_user": getpass.getuser()}, False),
    "another time": ({"async": 60, "poll": 1}, False),
    "another connection": ({"vars": {"ansible_connection": "roundabout"}}, False),
    "another Python": ({"vars": {"ansible_python_interpreter": f"{sys.executable}3"}}, False),
    "a Python that is to be found": ({"vars": {"ansible_python_interpreter": "auto_silent"}}, False),
    "another host, that is here": ({"delegate_to": "elsewhere"}, True),
    "another host with another Python": ({"delegate_to": "far"}, False),
}
ROUNDABOUT = """
from ansible.plugins.connection.local import DOCUMENTATION, Connection as Local

class Connection(Local):
    transport = "roundabout"
"""


@pytest.fixture(scope="module")
def places(simulator, tmp_path_factory):
    directory = tmp_path_factory.mktemp("places")
    (directory / "connection_plugins").mkdir()
    (directory / "connection_plugins/roundabout.py").write_text(ROUNDABOUT, encoding="utf-8")
    simulator.reset()
    simulator.add_cases([{**BASE, "_id": id_, "ticket_id": n} for n, id_ in enumerate(TWO, 1)])
    hosts = {"elsewhere": LOCAL, "far": {**LOCAL, "ansible_python_interpreter": f"{sys.executable}3"}}
    return run_playbook(
        simulator,
        directory,
        [
            *({"ansible.builtin.add_host": {"name": name, **variables}} for name, variables in hosts.items()),
            *({"name": name, "ignore_errors": True, **LOOP, **keywords} for name, (keywords, _here) in PLACES.items()),
        ],
        play={"vars": {"ansible_async_dir": str(directory)}},
    )


@pytest.mark.parametrize("place", PLACES)
def test_where_a_loop_runs(places, place):
    tokens = next(task for task in places.tasks if task.name == place).calls.count(TOKEN)
    # One for a loop in process, one for each module: none if a Python was found that can't run it.
    assert tokens == 1 if PLACES[place][1] else tokens in (0, 2)


@pytest.mark.parametrize(("platform", "here"), [("linux", True), ("freebsd14", True), ("darwin", False)])
def test_not_on_macos(monkeypatch, platform, here):
    monkeypatch.setattr(_in_process.sys, "platform", platform)
    action = SimpleNamespace(
        _connection=SimpleNamespace(transport="local", become=None),
        _task=SimpleNamespace(async_val=0, environment=[]),
        _interpreter=lambda task_vars: sys.executable,
    )
    assert _in_process.InProcessAction._can_run_in_process(action, {}) is here


def imported_from_ansible(file):
    """The dotted names that a file imports from ansible-core."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "ansible")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "ansible":
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_only_public_names_of_ansible_core_are_used():
    """So that a core that no test has seen makes no difference."""
    names = {name: file for file in sorted((ROOT / "plugins").rglob("*.py")) for name in imported_from_ansible(file)}
    assert len(names) > 10
    assert {name: str(file) for name, file in names.items() if any(part[0] == "_" for part in name.split("."))} == {}
    text = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "plugins").rglob("*.py"))
    assert "ansible.release" not in text


def test_the_time_out_of_a_task_ends_an_item_and_not_the_loop(sim, play):
    sim.add_cases([{**BASE, "_id": id_, "ticket_id": n} for n, id_ in enumerate(TWO, 1)])
    sim.fault("stall", method="PUT", path=f"/cases/{TWO[0]}")
    run = play([{**LOOP, "timeout": 2}])
    first, second = run[0].result["results"]
    assert "Timed out after 2 second" in first["msg"]
    assert second["changed"] is True
    assert run[0].calls.count(TOKEN) == 1


def test_a_crash_is_a_failure_that_shows_no_secret(sim, tmp_path):
    def crash(params, _check_mode, _on_secret, _connect):
        raise RecursionError(f"too deep: {params['api_key']}")

    action = SimpleNamespace(
        _call=_in_process.Call(MODULE, CASE_OPTIONS, (), "the task"),
        options=CASE_OPTIONS,
        function=crash,
        _connection=SimpleNamespace(connected=True),
        _task=SimpleNamespace(action=MODULE, check_mode=False),
        _loader=SimpleNamespace(get_basedir=lambda: tmp_path),
    )
    given = {"host": sim.host, "username": sim.username, "api_key": sim.api_key, "case_id": CASE, "severity": "Low"}
    done = _in_process.InProcessAction._run_in_process(action, given, {}, set())
    assert done["failed"] is True
    assert done["msg"].startswith("RecursionError: too deep: ***")
    assert "This is a bug in the collection" in done["msg"]
    assert "in crash" in done["exception"]
    assert sim.api_key not in json.dumps(done)


# -- secrets ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("environment", WAYS.values(), ids=WAYS)
def test_no_secret_is_printed(sim, play, environment):
    sim.add_cases([filled({**BASE, "_id": "ID", "ticket_id": 1, "name": "KEY PAIR"}, sim, 1)])
    echo = filled({"status": 400, "path": "/cases/ID", "body": "you sent KEY as PAIR"}, sim, 2)
    sim.fault("status", times=0, **echo)
    tasks = [
        {**LOOP, "loop": [f"{number:024x}" for number in (1, 2, 1)], "diff": True, "ignore_errors": True},
        {INFO: {"case_id": [f"{1:024x}"], "include": ["activities"]}, "register": "found"},
        {"ansible.builtin.debug": {"var": "found"}},
    ]
    run = play(tasks, "-vvvv", play={"environment": environment})
    assert len(run.tasks) == 3
    written = run.output + "".join(repr(task.result) for task in run.tasks)
    for secret in filled(["KEY", "PAIR"], sim, 0):
        assert secret not in written
    assert not JWT.search(written)


# -- the connection that a loop keeps ---------------------------------------------------------------


@pytest.fixture
def item(sim):
    """item() runs what one item of a loop does: -> (retries, the connections of its requests)"""

    def run(host=sim.host):
        sim.clear_requests()
        params = parameters(CASE_OPTIONS, sim, host=host, case_id=CASE, tags={"add": [str(time.time())]})
        result = run_case(params, False, secrets.append, connect=_in_process._cached_client)
        assert result["changed"] is True
        return result["requests"]["retry"], calls(sim.requests()), {entry["connection"] for entry in sim.requests()}

    secrets: list[str] = []
    _in_process._clients.clear()
    yield run
    for client, _used in _in_process._clients.values():
        client.close()
    assert secrets


READ_AND_WRITE = ["GET cases/ID", "PUT cases/ID"]


def test_items_share_a_connection(item):
    _retries, made, first = item()
    assert made == [TOKEN, *READ_AND_WRITE]
    assert item() == (0, READ_AND_WRITE, first)


def test_a_connection_that_was_idle_for_long_is_not_used_again(item, monkeypatch):
    _retries, _made, first = item()
    monkeypatch.setattr(_in_process, "LONGEST_IDLE_S", 0)
    retries, made, second = item()
    assert (retries, made) == (0, READ_AND_WRITE)
    assert len(second) == 1
    assert second != first


def test_a_connection_that_the_platform_closed_fails_no_item(sim, item):
    with relay(sim.host) as (host, close_all):
        item(host)
        close_all()
        assert item(host)[:2] == (0, READ_AND_WRITE)


def test_a_connection_that_the_platform_closes_just_now_is_tried_again(sim, item):
    item()
    sim.fault("drop_before", method="PUT", path="/cases/*")
    assert item()[:2] == (1, [*READ_AND_WRITE, "PUT cases/ID"])


def test_the_budget_is_that_of_an_item(sim, item):
    for _number in range(2):
        sim.fault("status", status=503, method="GET", path="/cases/*", retry_after="0")
        assert item()[0] == 1


def test_a_fork_makes_a_client_of_its_own(item, monkeypatch):
    item()
    monkeypatch.setattr(_in_process.os, "getpid", lambda: 0)
    assert item()[1] == [TOKEN, *READ_AND_WRITE]


@contextmanager
def relay(host):
    """A host that passes on to another one, and a function that closes all connections through it."""
    open_ones = []

    def serve():
        with suppress(OSError):
            while True:
                near, _address = listener.accept()
                far = socket.create_connection(tuple(host.split(":")))
                open_ones.extend((near, far))
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=copy, args=(one, other), daemon=True).start()

    def copy(one, other):
        with suppress(OSError):
            while content := one.recv(65536):
                other.sendall(content)

    def close_all():
        for connection in open_ones:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}", close_all
    close_all()
