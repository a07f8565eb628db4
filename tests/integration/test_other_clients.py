# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small clients that call the API as clients in use do: one pages by skip, one in windows, one polls, one has three
fields in its Basic pair. They run against each generation of the platform, over HTTPS, with requests alone.

The vendor's own script is in test_other_clients_and_versions.py.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.simulator.process import Simulator, start
from tests.simulator.switches import PROFILES

pytestmark = pytest.mark.slow

CASE = "62fceb4a48be7776c793a02a"
EXAMPLE_TENANT = "6aeb2aae7d8d4ef0820136f42d107db4"
CASES = 260
# Above what a platform lets a client skip
MANY = 2300


class Client:
    """Logs in, and makes calls that must be answered with 200."""

    def __init__(self, platform: Simulator) -> None:
        self.platform = platform
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = platform.ca_path
        answer = self.call("POST", "access_token", headers={"Authorization": f"Basic {self.pair()}"})
        self.session.headers["Authorization"] = f"Bearer {answer['access_token']}"

    def fields(self) -> list[str]:
        return [self.platform.username, self.platform.api_key]

    def pair(self) -> str:
        return base64.b64encode(":".join(self.fields()).encode()).decode()

    def call(self, method: str, path: str, **given: Any) -> Any:
        answer = self.session.request(method, f"{self.platform.url}/connect/api/v1/{path}", timeout=30, **given)
        answer.raise_for_status()
        return answer.json()

    def cases(self, **query: Any) -> tuple[list[dict[str, Any]], int]:
        data = self.call("GET", "cases", params=query)["data"]
        return data["cases"], data["total"]


@pytest.fixture(scope="module", params=PROFILES)
def generation(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    with start("--profile", request.param, "--cases", CASES) as running:
        yield running


@pytest.fixture
def platform(generation: Simulator) -> Simulator:
    generation.reset()
    return generation


# -- one pages by skip (RICK, DSB, NINE) ------------------------------------------------------


def paged(client: Client, limit: int, **query: Any) -> list[dict[str, Any]]:
    """Skip from page to page until one is short."""
    found: list[dict[str, Any]] = []
    while True:
        page, total = client.cases(limit=limit, skip=len(found), **query)
        found += page
        if len(page) < limit:
            assert len(found) == total
            return found


@pytest.mark.parametrize("limit", [50, 100, 500])
def test_a_client_that_pages_by_skip_reads_all_cases(platform: Simulator, limit: int) -> None:
    found = paged(Client(platform), limit, sort="modified_at", order="asc", **{"FROM~created_at": 1})
    assert len({case["_id"] for case in found}) == len(found) == CASES
    times = [case["modified_at"] for case in found]
    assert times == sorted(times)


# -- one pages by skip in windows of created_at, since a large skip is answered with 500 (DSB2) ---


def in_windows(client: Client, first: int, last: int) -> dict[str, dict[str, Any]]:
    """Halve the window until no more than 1,000 cases are in it."""
    bounds = {"FROM~created_at": first, "TO~created_at": last}
    _page, total = client.cases(limit=1, **bounds)
    if total <= 1000:
        return {case["_id"]: case for case in paged(client, 500, **bounds)}
    middle = (first + last) // 2
    return in_windows(client, first, middle) | in_windows(client, middle + 1, last)


def test_a_client_that_halves_windows_reads_all_cases_behind_a_ceiling() -> None:
    with start("--profile", "7.0", "--cases", MANY) as platform:
        client = Client(platform)
        with pytest.raises(requests.HTTPError, match="500"):
            paged(client, 500, **{"FROM~created_at": 1})
        assert len(in_windows(client, 1, int(time.time() * 1000))) == MANY


# -- one polls by modified_at (RICK, SU, HALO) ------------------------------------------------


class Poller(Client):
    """Asks for what changed after the last change that it saw."""

    def __init__(self, platform: Simulator) -> None:
        super().__init__(platform)
        newest, _total = self.cases(limit=1, sort="modified_at", order="desc", **{"FROM~created_at": 1})
        self.last = newest[0]["modified_at"]

    def poll(self) -> list[tuple[str, str]]:
        changed = paged(self, 100, sort="modified_at", order="asc", **{"FROM~modified_at": self.last + 1})
        self.last = max([self.last, *(case["modified_at"] for case in changed)])
        return [(case["_id"], case["status"]) for case in changed]


def test_a_client_that_polls_sees_each_change_once(platform: Simulator) -> None:
    client = Poller(platform)
    assert client.poll() == []
    client.call("PUT", f"cases/{CASE}", json={"status": "In Progress"})
    assert client.poll() == [(CASE, "In Progress")]
    assert client.poll() == []
    client.call("POST", f"cases/{CASE}/comments", json={"comment": "<p>seen</p>"})
    assert client.poll() == [(CASE, "In Progress")]
    (other,) = platform.add_cases([{"name": "new", "created_at": client.last + 5, "cust_id": EXAMPLE_TENANT}])
    platform.edit(CASE, {"status": "Resolved"})
    assert sorted(client.poll()) == sorted([(CASE, "Resolved"), (other, "New")])
    comments = client.call("GET", f"cases/{CASE}/comments")["data"]
    assert [comment["comment"] for comment in comments] == ["<p>seen</p>"]


def test_a_client_that_polls_a_list_that_lags_sees_the_change_later(platform: Simulator) -> None:
    client = Poller(platform)
    platform.switch(list_lag_ms=60_000)
    client.call("PUT", f"cases/{CASE}", json={"status": "In Progress"})
    assert client.poll() == []
    platform.advance(61)
    assert client.poll() == [(CASE, "In Progress")]


# -- one exchanges by Basic with three fields (RAJA) ------------------------------------------


class ThreeFields(Client):
    def fields(self) -> list[str]:
        return [*super().fields(), EXAMPLE_TENANT]


def test_a_client_with_three_fields_works_from_end_to_end(platform: Simulator) -> None:
    client = ThreeFields(platform)
    cases, total = client.cases(
        **{"FROM~created_at": 1, "limit": 5000, "tenantid": EXAMPLE_TENANT, "_": int(time.time() * 1000)}
    )
    assert len(cases) == total > 50
    assert {case["tenant_name"] for case in cases} == {"Example Tenant"}
    (shown,) = [case for case in cases if case["_id"] == CASE]
    assert client.call("GET", f"cases/{CASE}")["data"] == shown

    body = {"status": "In Progress", "assignee": "soc-lead@example.com", "tags": {"add": ["seen"], "delete": ["x"]}}
    updated = client.call("PUT", f"cases/{CASE}", json=body)["data"]
    assert (updated["status"], updated["assignee_name"]) == ("In Progress", "soc-lead@example.com")
    client.call("POST", f"cases/{CASE}/comments", json={"comment": "taken"})

    alerts = client.call("GET", f"cases/{CASE}/alerts", params={"limit": 1000, "skip": 0})["data"]["docs"]
    assert len(alerts) == shown["size"]
    made = client.call(
        "POST",
        "cases",
        json={
            "name": "Made by a dashboard",
            "alerts": [{"_id": alerts[0]["_id"], "_index": alerts[0]["_index"]}],
            "cust_id": EXAMPLE_TENANT,
            "severity": "High",
            "status": "New",
            "assignee": "",
            "tags": [],
        },
    )["data"]
    assert client.call("GET", f"cases/{made['_id']}")["data"]["name"] == "Made by a dashboard"


def test_a_third_field_may_be_refused(platform: Simulator) -> None:
    platform.switch(basic_third_field=False)
    with pytest.raises(requests.HTTPError, match="401"):
        ThreeFields(platform)
