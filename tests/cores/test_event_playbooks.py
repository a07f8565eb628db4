# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbooks that rulebooks run, no text of an event is a template, late ones have no effect."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests import hostile_text
from tests.cores.cores import Core
from tests.simulator.process import Simulator

CASE = "62fceb4a48be7776c793a02a"
DONE = {"triage": {"tags": ["triage"]}, "escalate": {"status": "Escalated"}}


@pytest.mark.parametrize("name", DONE)
def test_an_event_has_an_effect_once_and_its_texts_none(
    name: str, core: Core, simulator: Simulator, tmp_path: Path
) -> None:
    simulator.reset()
    simulator.put_case(CASE, status="New", severity="Critical", assignee="", tags=[])
    executed = tmp_path / "executed"
    # As ansible-rulebook writes them, from a source that does not break up templates
    texts = {key: text for key, text in hostile_text.texts(executed).items() if key.startswith("Jinja ")}
    given = {"event_case_id": [CASE], "ansible_eda": {"event": {"stellar_case": {"case_id": CASE, **texts}}}}
    (tmp_path / "extravars").write_text(yaml.safe_dump(given), encoding="utf-8")
    for writes in (True, False):
        simulator.clear_requests()
        code, output = core.play(simulator, tmp_path, f"stellarcyber.xdr.event_{name}", "-e", "@extravars")
        assert code == 0, f"{core.version}\n{output}"
        assert not executed.exists(), core.version
        case = simulator.case(CASE)
        assert {key: case[key] for key in DONE[name]} == DONE[name], core.version
        assert bool(simulator.writes()) is writes, core.version
    # A late one
    simulator.put_case(CASE, status="In Progress", tags=[])
    simulator.clear_requests()
    code, output = core.play(simulator, tmp_path, f"stellarcyber.xdr.event_{name}", "-e", "@extravars")
    assert code == 0, output
    assert simulator.writes() == []


def test_an_example_runs_by_its_name(core: Core, simulator: Simulator, tmp_path: Path) -> None:
    simulator.reset()
    simulator.put_case(CASE, status="New", name="Phishing", tags=[])
    code, output = core.play(simulator, tmp_path, "stellarcyber.xdr.examples.tag_on_triage")
    assert code == 0, f"{core.version}\n{output}"
    assert simulator.case(CASE)["tags"] == ["phishing"]
