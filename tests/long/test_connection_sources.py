# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of tests/connection_table.py for what takes longer: processes, environments, the role, the playbooks."""

from __future__ import annotations

import json

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.connection import CONNECTION, PROTECTS, env_name
from tests.connection_table import (
    CASE,
    KINDS,
    OWN_PROCESS,
    Cell,
    by_environment,
    cells,
    is_error,
    judge,
    tasks_of,
    value,
)
from tests.integration.hygiene import Analyst

PLAYBOOKS = ("hygiene", "undo")
MODES = [pytest.param(True, id="check"), pytest.param(False, id="real")]


@pytest.mark.parametrize("check", MODES)
@pytest.mark.parametrize("source", ["module_defaults", "variable"])
def test_the_role(sim, play, source, check):
    table = [Cell(option, kind, source, "role", check) for option in CONNECTION for kind in KINDS]
    before = sim.cases()
    run = play([cell.role() for cell in table])
    assert sim.cases() == before
    judge(table, run.tasks)


@pytest.mark.parametrize("check", MODES)
@pytest.mark.parametrize("playbook", PLAYBOOKS)
@pytest.mark.parametrize("option", CONNECTION)
def test_the_playbooks_by_variable(sim, tmp_path, option, playbook, check):
    for kind in KINDS:
        cell = Cell(option, kind, "variable", playbook, check)
        play_and_judge(sim, tmp_path, cell, {f"stellar_{option}": value(option, kind)}, {})


@pytest.mark.parametrize("check", MODES)
@pytest.mark.parametrize("playbook", PLAYBOOKS)
@pytest.mark.parametrize("option", CONNECTION)
def test_the_playbooks_by_environment(sim, tmp_path, option, playbook, check):
    """What is empty there is absent, all at once: the last test."""
    for kind in ("misspelt", *(("blank",) if option in PROTECTS else ())):
        cell = Cell(option, kind, "environment", playbook, check)
        play_and_judge(sim, tmp_path, cell, {}, {env_name(option): value(option, kind)})


@pytest.mark.parametrize("check", MODES)
@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_an_empty_environment_of_a_playbook_is_absent(sim, tmp_path, playbook, check):
    needed = {f"stellar_{name}": getattr(sim, name) for name in ("host", "username", "api_key", "ca_path")}
    cell = Cell("timeout", "empty", "environment", playbook, check)
    play_and_judge(sim, tmp_path, cell, needed, {env_name(option): "" for option in CONNECTION})


def play_and_judge(sim, directory, cell, variables, environment):
    sim.reset()
    report = {"report": 1, "platform": sim.host, "undo": [{"case_id": CASE, "severity": "Low"}]}
    (directory / "undo.json").write_text(json.dumps(report), encoding="utf-8")
    rules = [{"name": "Lower", "match": {"name": "^Carbon Black:"}, "set": {"severity": "Low"}}]
    given = {"undo_file": str(directory / "undo.json")}
    if cell.reader == "hygiene":
        given = {"case_hygiene_rules": rules, "case_hygiene_fail_on": "none"}
    analyst = Analyst(sim, directory)
    analyst.environment.update(environment)
    mode = ("--check",) if cell.check else ()
    ended = analyst.play(f"stellarcyber.xdr.{cell.reader}", *mode, **given, **variables)
    said = cell.verdict(ended.returncode != 0, " ".join(ended.output.split()), ended.calls)
    assert not said, f"{cell.name}: {said}"
    assert bool(ended.writes) is (not is_error(cell.option, cell.kind) and not cell.check)


def test_a_module_in_a_process_of_its_own(sim, play):
    """In check mode and really in turn, since each takes the start of a Python, and runs what the others run."""
    table = cells((*PROTECTS, "timeout"), (OWN_PROCESS,))
    table = [cell for cell in table if cell.check is (KINDS.index(cell.kind) % 2 == 0)]
    before = sim.cases()
    judge(table, play([cell.task() for cell in table]).tasks)
    assert sim.cases() == before


# An environment variable is text. What is an error has a run of its own, since the first one ends a task.
BAD_IN_ENVIRONMENT = [
    *((option, "blank") for option in CONNECTION if option in PROTECTS),
    *((option, "misspelt") for option in CONNECTION),
]


@pytest.mark.parametrize(("option", "kind"), BAD_IN_ENVIRONMENT)
def test_environment(sim, play, option, kind):
    table = by_environment(option, kind)
    judge(table, play(tasks_of(table), **{env_name(option): value(option, kind)}).tasks)
