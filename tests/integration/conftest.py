# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One simulator a test process; each test finds it in its initial state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.connection import connection_of
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.client import Client
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.token_renewal import exchange_key
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run import case as case_module
from tests.integration.hostile_platform import attacks
from tests.integration.hygiene import Analyst
from tests.integration.inventory import Listed, list_hosts
from tests.integration.playbook import Run, parameters, run_playbook
from tests.simulator.process import Simulator, start


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    with start() as running:
        yield running


@pytest.fixture
def sim(simulator: Simulator) -> Simulator:
    simulator.reset()
    return simulator


@pytest.fixture
def play(sim: Simulator, tmp_path: Path) -> Callable[..., Run]:
    """play(tasks, *arguments of ansible-playbook, **environment)"""

    def run(*arguments: Any, **environment: Any) -> Run:
        return run_playbook(sim, tmp_path, *arguments, **environment)

    return run


@pytest.fixture
def listed(sim: Simulator, tmp_path: Path) -> Callable[..., Listed]:
    """listed(*arguments, config={options of the file}, without=(variables), source=inventory, **environment)"""
    return partial(list_hosts, sim, tmp_path)


@pytest.fixture
def token(sim: Simulator) -> str:
    """A token that exists already."""
    with Client(connection_of(parameters(CASE, sim, case_id="0" * 24, severity="High"))) as client:
        return exchange_key(client.session)[0]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the client would have waited."""
    waited: list[float] = []
    monkeypatch.setattr(case_module, "Client", partial(Client, sleep=waited.append))
    return waited


@pytest.fixture
def attack() -> Iterator[Callable[..., Any]]:
    """attack(name, entry, {call: answer}, **options) -> (result, message); attack.platform, attack.server"""
    with attacks() as attack:
        yield attack


@pytest.fixture(autouse=True)
def no_connection_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOST", "USERNAME", "API_KEY", "ACCESS_TOKEN", "TENANT", "CA_PATH", "AUTH_METHOD", "PROXY"):
        monkeypatch.delenv(f"STELLAR_{name}", raising=False)


@pytest.fixture
def analyst(sim: Simulator, tmp_path: Path) -> Analyst:
    return Analyst(sim, tmp_path)
