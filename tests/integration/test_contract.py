# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The live contract: what each switch of a platform changes of the answers, by reads only, and in no one's words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.ping import PING
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.contract import (
    CONFIRMED,
    NOT_READ,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.ping import run_ping
from tests import canaries
from tests.integration.contract_table import BASELINE, MANY, NOT_SEEN, SEEN, Answers
from tests.integration.playbook import parameters
from tests.simulator.process import Simulator
from tests.simulator.switches import BY_NAME, DEFAULT_PROFILE, PROFILES, TABLE

MODULE = "stellarcyber.xdr.stellar_ping"
MOST_READS = 60
FILES = ["contract.json", "contract.md"]
NOWHERE = "/nowhere"


def ping(sim: Simulator, check_mode: bool = False, **options: Any) -> dict[str, Any]:
    """Run the module's function, and see that it only reads, and how often."""
    sim.clear_requests()
    given = {"contract_dir": NOWHERE, "fail_on": "never", **options}
    result = run_ping(parameters(PING, sim, **given), check_mode, lambda secret: None)
    requests = result["requests"]
    assert {entry["method"] for entry in sim.requests()} <= {"GET", "POST"}
    assert sim.writes() == []
    if not sim.switches()["unauthorized_every"]:  # a request with a new token is not counted as a retry
        assert requests["read"] - requests["retry"] <= MOST_READS
    canaries.assert_none(canaries.of(sim), json.dumps(result), where="a result of stellar_ping with contract_dir")
    return result


def answers_of(result: dict[str, Any]) -> Answers:
    return {row["id"]: (row["answer"], row["reason"]) for row in result["contract"]["claims"]}


def answers(sim: Simulator, switches: dict[str, Any], **options: Any) -> Answers:
    sim.reset(seed=MANY)
    sim.switch(**switches)
    return answers_of(ping(sim, **options))


@pytest.fixture(scope="module")
def usual(simulator: Simulator) -> Answers:
    return answers(simulator, {})


def changed(found: Answers, usual: Answers) -> Answers:
    return {claim: answer for claim, answer in found.items() if answer != usual[claim]}


# -- switches -----------------------------------------------------------------------------------------------------


def test_what_a_platform_without_a_switch_shows(usual: Answers) -> None:
    """Each claim that a read can settle is confirmed by it, but for those that another platform or key shows."""
    others = {claim: answer for claim, answer in usual.items() if answer[0] not in (CONFIRMED, NOT_READ)}
    assert others == BASELINE


def test_each_switch_is_seen_or_says_why_not() -> None:
    assert not set(SEEN) & set(NOT_SEEN)
    assert set(SEEN) | set(NOT_SEEN) == {switch.name for switch in TABLE}
    for name, rows in SEEN.items():
        switch = BY_NAME[name]
        values = {str(switches[name]) for switches, _answers in rows}
        choices = ("True", "False") if isinstance(switch.default, bool) else switch.choices
        if not isinstance(switch.default, list):
            assert set(choices) - {str(switch.default)} <= values, name


@pytest.mark.parametrize(
    ("switches", "expected"),
    [row for rows in SEEN.values() for row in rows],
    ids=lambda value: ",".join(f"{name}={of}" for name, of in value.items()) if "." not in str(value) else "",
)
def test_a_switch_changes_its_claims_and_no_others(
    sim: Simulator, usual: Answers, switches: dict[str, Any], expected: Answers
) -> None:
    assert changed(answers(sim, switches), usual) == expected


@pytest.mark.parametrize("name", NOT_SEEN)
def test_a_switch_that_is_not_seen_changes_nothing(sim: Simulator, usual: Answers, name: str) -> None:
    _why, switches = NOT_SEEN[name]
    assert changed(answers(sim, switches), usual) == {}


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_is_the_sum_of_its_switches(sim: Simulator, usual: Answers, profile: str) -> None:
    values = {switch.name: switch.default_for(profile) for switch in TABLE}
    others = {name: value for name, value in values.items() if value != BY_NAME[name].default_for(DEFAULT_PROFILE)}
    expected: Answers = {}
    for name, value in others.items():
        rows = [told for switches, told in SEEN.get(name, ()) if switches == {name: value}]
        assert len(rows) == (name in SEEN), name
        expected.update(*rows)
    assert changed(answers(sim, others), usual) == expected


def test_a_scoped_key(sim: Simulator, usual: Answers) -> None:
    found = changed(answers(sim, {}, username=None, api_key=sim.scoped_key), usual)
    assert found == {
        "access.basic": ("undecided", "This run did not send such a key."),
        "access.bearer": (CONFIRMED, ""),
        "access.key_user": (CONFIRMED, ""),
        "users.scoped": (CONFIRMED, ""),
    }


def test_an_access_token(sim: Simulator, usual: Answers, token: str) -> None:
    # Its platform is not reset, which would end the token.
    sim.add_cases(MANY)
    found = answers_of(ping(sim, username=None, api_key=None, access_token=token))
    assert found["access.token"] == (CONFIRMED, "It existed already.")
    assert found["access.lifetime"] == ("undecided", "The access token existed already.")
    assert found["access.basic"] == ("undecided", "This run did not send such a key.")
