# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the simulator takes for a page of 500 cases out of 100,000, and for an update: milliseconds a call.

Run it from the repository root: python tests/bench/simulator_pages.py [cases]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.simulator.process import Simulator, start

LIMIT = 500


class Client:
    def __init__(self, simulator: Simulator) -> None:
        self._base = f"{simulator.url}/connect/api/v1"
        self._ca_path = simulator.ca_path
        self._session = requests.Session()
        key = (simulator.username, simulator.api_key)
        answer = self._session.post(f"{self._base}/access_token", auth=key, verify=self._ca_path)
        self._headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def call(self, method: str, path: str, **arguments: Any) -> tuple[float, Any]:
        """Milliseconds until the whole answer is there, and its `data`."""
        begin = time.perf_counter()
        answer = self._session.request(
            method, self._base + path, headers=self._headers, verify=self._ca_path, **arguments
        )
        elapsed = (time.perf_counter() - begin) * 1000
        answer.raise_for_status()
        return elapsed, answer.json()["data"]


def by_skip(client: Client, **filters: Any) -> Iterator[float]:
    skip, total = 0, 1
    while skip < total:
        elapsed, data = client.call("GET", "/cases", params={"limit": LIMIT, "skip": skip} | filters)
        total = data["total"]
        skip += LIMIT
        yield elapsed


def by_created_at(client: Client) -> Iterator[float]:
    after, seen = 0, 0
    while True:
        elapsed, data = client.call(
            "GET",
            "/cases",
            params={
                "limit": LIMIT,
                "sort": "created_at",
                "order": "asc",
                "FROM~created_at": after,
            },
        )
        yield elapsed
        seen += len(data["cases"])
        if len(data["cases"]) < LIMIT:
            return
        after = data["cases"][-1]["created_at"]


def updates(client: Client) -> Iterator[float]:
    _unused, data = client.call("GET", "/cases", params={"limit": LIMIT})
    for number, case in enumerate(data["cases"]):
        yield client.call("PUT", f"/cases/{case['_id']}", json={"tags": {"add": [f"bench-{number % 7}"]}})[0]


def report(name: str, times: list[float]) -> None:
    ordered = sorted(times)
    p95 = ordered[int(len(ordered) * 0.95)]
    print(
        f"{name:<44} {len(times):>5} calls  median {statistics.median(times):6.1f}  p95 {p95:6.1f}  "
        f"max {ordered[-1]:6.1f}"
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    begin = time.perf_counter()
    with start("--cases", count) as simulator:
        print(f"{count} cases, ready after {time.perf_counter() - begin:.1f} s")
        client = Client(simulator)
        for name, filters in (
            ("skip", {"sort": "created_at", "order": "asc"}),
            ("skip, once more", {"sort": "created_at", "order": "asc"}),
            ("skip, by modified_at", {"sort": "modified_at", "order": "desc"}),
            ("skip, by score", {"sort": "score", "order": "desc"}),
            ("tags=phishing", {"tags": "phishing"}),
            ("tags=phishing,vip, by score", {"tags": "phishing,vip", "sort": "score"}),
            ("status=New", {"status": "New"}),
            ("status=New,In Progress, severity=Critical", {"status": "New,In Progress", "severity": "Critical"}),
            ("NOT~tags=vip", {"NOT~tags": "vip"}),
        ):
            report(name, list(by_skip(client, **filters)))
        report("FROM~created_at", list(by_created_at(client)))
        report("PUT", list(updates(client)))
        report("status=New, after the updates", list(by_skip(client, status="New")))


if __name__ == "__main__":
    main()
