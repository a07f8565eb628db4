# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's rulebooks and the playbooks that they run, from an event to the changed case."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests import hostile_text
from tests.rulebook.engine import TEMPORARY, Running
from tests.simulator.process import Simulator

ROOT = Path(__file__).parents[2]
RULEBOOKS = ROOT / "extensions/eda/rulebooks"
# Python, and so a template of ansible-rulebook, takes it for a number.
LIKE_A_NUMBER = "6745e1000000000000000001"
CLOSED = "6745e1000000000000000002"


def faster(name: str, folder: Path) -> Path:
    """A rulebook of the collection that polls each second."""
    text = (RULEBOOKS / f"{name}.yml").read_text(encoding="utf-8")
    file = folder / f"{name}.yml"
    assert "interval: 30" in text
    file.write_text(text.replace("interval: 30", "interval: 1"), encoding="utf-8")
    return file


def new_case(sim: Simulator, case_id: str, **fields: object) -> None:
    now = int(sim.control("GET", "clock")["now"] * 1000)
    shared = {"status": "New", "severity": "Critical", "assignee": "", "tags": [], "size": 1}
    sim.add_cases([{"_id": case_id, "ticket_id": 5, "created_at": now, "modified_at": now, **shared, **fields}])


@pytest.mark.parametrize("name", [file.stem for file in sorted(RULEBOOKS.iterdir())])
def test_a_rulebook_names_what_the_collection_has(name: str) -> None:
    (ruleset,) = yaml.safe_load((RULEBOOKS / f"{name}.yml").read_text(encoding="utf-8"))
    for source in ruleset["sources"]:
        assert set(source) == {"name", "stellarcyber.xdr.stellar_cases"}
    for rule in ruleset["rules"]:
        playbook = rule["action"]["run_playbook"]["name"]
        # ansible-rulebook looks for the part after the last dot, in playbooks/ itself.
        assert playbook == f"stellarcyber.xdr.event_{name}"
        assert (ROOT / f"playbooks/event_{name}.yml").exists()


def test_a_new_case_is_tagged_whatever_its_name_is(
    rulebook: Callable[..., Running], sim: Simulator, tmp_path: Path
) -> None:
    executed = tmp_path / "executed"
    name = hostile_text.texts(executed)["Jinja expression"]
    running = rulebook(faster("triage", tmp_path))
    running.wait_for_polls()
    new_case(sim, LIKE_A_NUMBER, name=name, description=name)
    new_case(sim, CLOSED, name=name, status="Resolved")
    running.wait_for("the tag", lambda: sim.case(LIKE_A_NUMBER)["tags"] == ["triage"])
    # The tag comes back as an event, on which nothing is done.
    seen = len(sim.requests())
    running.wait_for_polls(3, since=sim.requests()[-1]["n"])
    said = running.stop()
    assert not executed.exists()
    assert [entry["method"] for entry in sim.writes()] == ["PUT"]
    assert not [entry for entry in sim.requests()[seen:] if entry["path"].endswith("access_token")]
    assert sim.case(CLOSED)["tags"] == []
    assert sim.case(LIKE_A_NUMBER)["name"] == name
    assert not hostile_text.EVALUATED.search(said)
    assert not list((tmp_path / TEMPORARY).glob("eda*"))


def test_an_unassigned_critical_case_is_escalated_once(
    rulebook: Callable[..., Running], sim: Simulator, tmp_path: Path
) -> None:
    running = rulebook(faster("escalate", tmp_path))
    running.wait_for_polls()
    new_case(sim, LIKE_A_NUMBER, name="Ransomware")
    new_case(sim, CLOSED, name="Ransomware", assignee="826ef6979788454297c85cbba4a51c08")
    running.wait_for("the comment", lambda: len(sim.case(LIKE_A_NUMBER)["comments"]) == 1)
    running.wait_for_polls(3, since=sim.requests()[-1]["n"])
    running.stop()
    assert sim.case(LIKE_A_NUMBER)["status"] == "Escalated"
    assert sim.case(CLOSED)["status"] == "New"
    assert sorted(entry["method"] for entry in sim.writes()) == ["POST", "PUT"]


def test_a_rulebook_is_found_by_its_name(rulebook: Callable[..., Running], sim: Simulator) -> None:
    running = rulebook("stellarcyber.xdr.triage")
    running.wait_for_polls()
    running.stop()
    assert not sim.writes()
