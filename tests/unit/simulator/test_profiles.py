# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release has and has not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.process import start
from tests.simulator.switches import PROFILES

CASE = "62fceb4a48be7776c793a02a"

# question -> the answer in each profile, in their order: 5.0, 5.2, 5.5, 7.0
EXPECTED: dict[str, tuple[Any, ...]] = {
    "PUT Escalated": (422, 422, 200, 200),
    "resolution": (False, False, True, True),
    "/scores": (404, 404, 200, 200),
    "/activity/score": (200, 200, 200, 200),
    "/ai/cases/detail": (404, 404, 404, 200),
    "scoped key": (401, 401, 200, 200),
    "Basic on every call": (200, 401, 401, 401),
    "sees old cases": (True, True, True, False),
    "alerts without paging": (200, 200, 200, 200),
    "two statuses": (False, False, True, True),
    "fields of tenants": (False, False, False, True),
    "/incidents": (200, 200, 200, 200),
    "e-mail in capitals": (422, 200, 200, 200),
}


@pytest.mark.parametrize(("position", "profile"), list(enumerate(PROFILES)))
def test_profile(connect: Any, position: int, profile: str) -> None:
    with start("--profile", profile) as simulator:
        api = connect(simulator)
        recent = "FROM~created_at=1&limit=500"
        found = {
            "PUT Escalated": api.put({"status": "Escalated"}).status_code,
            "resolution": "resolution" in api.put({"status": "Resolved", "resolution": "Benign"}).json()["data"],
            "/scores": api.call("GET", f"/cases/{CASE}/scores").status_code,
            "/activity/score": api.call("GET", f"/cases/{CASE}/activity/score").status_code,
            "/ai/cases/detail": api.call("GET", f"/ai/cases/detail?id={CASE}").status_code,
            "Basic on every call": api.session.get(
                f"{simulator.url}/connect/api/v1/cases",
                auth=(simulator.username, simulator.api_key),
                verify=simulator.ca_path,
                timeout=10,
            ).status_code,
            "sees old cases": CASE in [case["_id"] for case in api.list("limit=500")],
            "alerts without paging": api.call("GET", f"/cases/{CASE}/alerts").status_code,
            "two statuses": bool(api.list(f"{recent}&status=New,Resolved")),
            "fields of tenants": list(api.data("GET", "/tenants?fields=cust_id")[0]) == ["cust_id"],
            "e-mail in capitals": api.put({"assignee": "OHTANI@EXAMPLE.COM"}).status_code,
            "/incidents": api.call("GET", "/incidents").status_code,
            "scoped key": api.login("scoped").status_code,
        }
        assert found == {question: answers[position] for question, answers in EXPECTED.items()}
