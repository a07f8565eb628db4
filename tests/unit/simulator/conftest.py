# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One simulator for all tests of a run, reset before each test, and a small client of its API."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest

# The simulator's own requirements are not there where only the plugins are tested.
AVAILABLE = all(
    find_spec(name) for name in ("hypothesis", "jwt", "pydantic", "requests", "starlette", "trustme", "uvicorn")
)
collect_ignore_glob = [] if AVAILABLE else ["test_*.py"]

if AVAILABLE:
    import requests

    from tests.simulator.process import start

CASE = "62fceb4a48be7776c793a02a"


class Api:
    """Calls with a token, over one connection. `data` is what the envelope holds."""

    def __init__(self, simulator: Any) -> None:
        self.simulator = simulator
        self.session = requests.Session()
        self.session.trust_env = False
        self.login()

    def login(self, key: str = "legacy") -> Any:
        if key == "legacy":
            credentials: dict[str, Any] = {"auth": (self.simulator.username, self.simulator.api_key)}
        else:
            credentials = {"headers": {"Authorization": f"Bearer {self.simulator.scoped_key}"}}
        self.headers: dict[str, str] = {}
        answer = self.call("POST", "/access_token", **credentials)
        if answer.status_code == 200:
            self.headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        return answer

    def call(self, method: str, path: str, **given: Any) -> Any:
        prefix = "" if path.startswith("/connect/") else "/connect/api/v1"
        arguments: dict[str, Any] = {"headers": self.headers, "timeout": 10, "allow_redirects": False} | given
        return self.session.request(
            method, self.simulator.url + prefix + path, verify=self.simulator.ca_path, **arguments
        )

    def data(self, method: str, path: str, **arguments: Any) -> Any:
        answer = self.call(method, path, **arguments)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def list(self, query: str = "") -> Any:
        return self.data("GET", f"/cases?{query}")["cases"]

    def case(self, case_id: str = CASE) -> Any:
        return self.data("GET", f"/cases/{case_id}")

    def put(self, body: Any, case_id: str = CASE) -> Any:
        return self.call("PUT", f"/cases/{case_id}", json=body)


@pytest.fixture(scope="session")
def shared_simulator() -> Any:
    with start() as simulator:
        yield simulator


@pytest.fixture
def simulator(shared_simulator: Any) -> Any:
    shared_simulator.reset()
    return shared_simulator


@pytest.fixture
def api(simulator: Any) -> Any:
    client = Api(simulator)
    yield client
    client.session.close()


@pytest.fixture
def connect() -> Any:
    """For a simulator that a test starts itself."""
    clients = []

    def make(simulator: Any) -> Api:
        clients.append(Api(simulator))
        return clients[-1]

    yield make
    for client in clients:
        client.session.close()
