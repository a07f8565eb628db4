# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the event source say what docs/errors.md lists."""

from __future__ import annotations

import importlib.machinery
import logging
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec import event_source as options_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run import event_source as source_module
from tests.integration.event_source import Engine, connection, load, polls, until
from tests.integration.playbook import CASE
from tests.integration.provoke import Provoke

Act = Callable[[Provoke, Engine], None]


def refused(provoke: Provoke, **options: Any) -> str:
    """The message that ends the start."""
    return str(Engine({**connection(provoke.sim), **options}).wait_for_error(30))


def logged(
    provoke: Provoke, words: str, act: Act = lambda provoke, engine: None, engine: Any = None, **options: Any
) -> str:
    """The line of the log that has words, after something was done to a source that has polled."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logging.getLogger().addHandler(handler)
    for option in ("interval", "feedback_timeout"):
        provoke.monkeypatch.setitem(options_module._RANGES, option, (0.01, 86400))
    provoke.monkeypatch.setattr(source_module, "_LONGEST_WAIT_S", 0.2)
    given = {**connection(provoke.sim), "interval": 0.1, "retries": 0, **options}
    running = Engine(given, **(engine or {}))
    try:
        until(lambda: polls(provoke.sim) or any(words in line for line in lines))
        act(provoke, running)
        until(lambda: any(words in line for line in lines))
        return next(line for line in lines if words in line)
    finally:
        running.stop()
        logging.getLogger().removeHandler(handler)


def fails(provoke: Provoke, engine: Engine) -> None:
    provoke.faulty("status", status=500, path="*/cases", times=2)


def changes(provoke: Provoke, engine: Engine) -> None:
    provoke.sim.edit(CASE, {"severity": "Low"})


def undated(provoke: Provoke, engine: Engine) -> None:
    provoke.switched(ignored_query_parameters=["FROM~modified_at"])
    provoke.sim.put_case(CASE, modified_at=None)


def own_change(provoke: Provoke, engine: Engine) -> None:
    provoke.faulty("status", status=403, path="*/activities", times=0).case(description="Why")


def two_sources(provoke: Provoke) -> str:
    file = str(provoke.directory / "state.json")
    first = Engine({**connection(provoke.sim), "state_file": file})
    until(lambda: polls(provoke.sim))
    try:
        return refused(provoke, state_file=file)
    finally:
        first.stop()


def other_state(provoke: Provoke) -> str:
    file = str(provoke.directory / "state.json")
    first = Engine({**connection(provoke.sim), "state_file": file})
    until(lambda: polls(provoke.sim))
    first.stop()
    return refused(provoke, state_file=file, severity=["High"])


def broken_state(provoke: Provoke) -> str:
    file = provoke.directory / "state.json"
    file.write_text("{", encoding="utf-8")
    return refused(provoke, state_file=str(file))


def pipe(provoke: Provoke) -> str:
    file = str(provoke.directory / "pipe")
    os.mkfifo(file)
    return refused(provoke, state_file=file)


def not_importable(provoke: Provoke) -> str:
    with provoke.monkeypatch.context() as patched:
        patched.setitem(sys.modules, "ansible_collections", None)
        patched.setattr(importlib.machinery.PathFinder, "find_spec", lambda name, path: None)
        with pytest.raises(ImportError) as caught:
            load()
    return str(caught.value)


def unwritable(provoke: Provoke) -> str:
    file = provoke.directory / "state.json"

    def block(provoke: Provoke, engine: Engine) -> None:
        (provoke.directory / "state.json.new").mkdir()
        for case in provoke.sim.cases()[:4]:
            provoke.sim.edit(case["_id"], {"severity": "Low"})

    return logged(provoke, "can not be written", block, state_file=str(file))


def without_feedback(provoke: Provoke, words: str, acknowledged: Callable[[int], bool] = lambda number: False) -> str:
    engine = {"acknowledges": acknowledged}
    return logged(provoke, words, changes, engine, feedback=True, feedback_timeout=0.1)


def back(provoke: Provoke, engine: Engine) -> None:
    provoke.sim.advance(-3600)
    time.sleep(0.1)


EVENT_MESSAGES: dict[str, Callable[[Provoke], str]] = {
    "The collection can't be imported from …. Install it again.": not_importable,
    "… is unknown. Did you mean …?": lambda p: refused(p, intervall=5),
    "since is all, which requires max_backlog.": lambda p: refused(p, since="all"),
    "changes is an empty list.": lambda p: refused(p, changes=[]),
    "overlap must be from 2 to 86400, got ….": lambda p: refused(p, overlap=1),
    "feedback: the engine gives no queue for it. …": lambda p: refused(p, feedback=True),
    "ignore_own_changes can't be used, because neither the key nor the list of users tells whose key it is.": (
        lambda p: refused(p.switched(users_status=403), ignore_own_changes=True)
    ),
    "max_backlog is …, and more cases than that are to be delivered.": (
        lambda p: refused(p, since="all", max_backlog=5)
    ),
    "Could not follow the changes of cases: the platform does not list cases by the time of their change: …": (
        lambda p: refused(p.switched(ignored_query_parameters=["sort"]))
    ),
    "Could not follow the changes of cases: the platform shows no time of change (modified_at) of its cases.": (
        lambda p: refused(p.switched(absent_fields=["modified_at"]), unsupported="scan")
    ),
    "Could not use case … of the platform's list of cases: modified_at is …, so its changes can't be followed.": (
        lambda p: logged(p, "can't be followed", undated)
    ),
    "state_file …: can't be locked: …": lambda p: refused(p, state_file="/nowhere/state.json"),
    "state_file …: is not a regular file.": pipe,
    "state_file …: is used by another event source.": two_sources,
    "state_file …: is of a source with another …": other_state,
    "state_file …: is not the state of this event source. It was not changed. …": broken_state,
    "… The source waits for the platform.": (
        lambda p: logged(p.faulty("status", status=503, path="*/cases", times=2), "waits for the platform")
    ),
    "… The source goes on when the platform answers again.": lambda p: logged(p, "goes on when", fails),
    "The platform answers again, after … s.": lambda p: logged(p, "answers again, after", fails),
    "All cases are read in each interval, …": (
        lambda p: logged(p.switched(ignored_query_parameters=["sort"]), "All cases", unsupported="scan")
    ),
    "The platform's clock lost time. …": lambda p: logged(p, "lost time", back),
    "Changes of this key's user can't be told from those of others, and are delivered. …": (
        lambda p: logged(p, "can't be told from", own_change, ignore_own_changes=True)
    ),
    "No feedback for event … in … s (feedback_timeout). It is offered again.": (
        lambda p: without_feedback(p, "No feedback")
    ),
    "Event … has no feedback after … offers. The next event follows.": lambda p: without_feedback(p, "has no feedback"),
    "The engine acknowledges events in time again.": (
        lambda p: without_feedback(p, "in time again", lambda number: number > 1)
    ),
    "state_file can not be written: …": unwritable,
}
