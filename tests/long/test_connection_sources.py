# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of tests/connection_table.py for the role and the playbooks, each run of which takes longer than a task."""

from __future__ import annotations

import json

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._options import CONNECTION, PROTECTS, env_name
from tests.connection_table import CASE, KINDS, Cell, is_error, judge, value
from tests.integration.hygiene import Analyst

PLAYBOOKS = ("hygiene", "undo")
BY_BOTH = ("tenant", "host", "validate_certs", "api_key")


@pytest.mark.parametrize(
    ("source", "check", "options"),
    [("module_defaults", True, PROTECTS), ("variable", False, PROTECTS), ("variable", True, CONNECTION)],
    ids=["module_defaults, check", "variable, real", "variable, check"],
)
def test_the_role(sim, play, source, check, options):
    table = [Cell(option, kind, source, "role", check) for option in options for kind in KINDS]
    before = sim.cases()
    run = play([cell.role() for cell in table])
    assert sim.cases() == before
    judge(table, run.tasks)


@pytest.mark.parametrize("option", CONNECTION)
def test_the_playbooks_by_variable(sim, tmp_path, option):
    """Some by both playbooks, the rest in turn; in check mode and really in turn."""
    for number, kind in enumerate(KINDS):
        given = {f"stellar_{option}": value(option, kind)}
        for playbook in PLAYBOOKS if option in BY_BOTH else (PLAYBOOKS[number % 2],):
            cell = Cell(option, kind, "variable", playbook, (number + len(playbook)) % 2 == 0)
            play_and_judge(sim, tmp_path, cell, given, {})


@pytest.mark.parametrize("option", CONNECTION)
def test_the_playbooks_by_environment(sim, tmp_path, option):
    for playbook, kind in (("hygiene", "misspelt"), *([("undo", "blank")] if option in PROTECTS else [])):
        cell = Cell(option, kind, "environment", playbook, playbook == "hygiene")
        play_and_judge(sim, tmp_path, cell, {}, {env_name(option): value(option, kind)})


def play_and_judge(sim, directory, cell, variables, environment):
    sim.reset()
    (directory / "undo.json").write_text(json.dumps([{"case_id": CASE, "severity": "Low"}]), encoding="utf-8")
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
