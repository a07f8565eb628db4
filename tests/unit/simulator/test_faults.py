# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault, over a real connection: what the client meets, whether the update was stored, what is logged."""

from __future__ import annotations

import base64
import json
import time
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote

import pytest
import requests

from tests.simulator.faults import KINDS

CASE = "62fceb4a48be7776c793a02a"


def meet(api: Any, **arguments: Any) -> tuple[Any, Any]:
    """The answer or the exception of an update, and whether the update is in the store."""
    try:
        outcome: Any = api.call("PUT", f"/cases/{CASE}", json={"tags": {"add": ["met"]}}, **arguments)
    except requests.RequestException as error:
        outcome = error
    return outcome, "met" in api.simulator.case(CASE)["tags"]


# kind, parameters, status or exception for the client, is it stored, status in the log
MET: list[tuple[str, dict[str, Any], Any, bool, int]] = [
    ("status", {}, 503, False, 503),
    ("late", {"ms": 60000}, 504, False, 504),
    ("latency", {"ms": 1}, 200, True, 200),
    ("drop_before", {}, requests.ConnectionError, False, 0),
    ("drop_after", {}, requests.ConnectionError, True, 0),
    ("truncate", {}, requests.exceptions.ChunkedEncodingError, True, 200),
    ("html", {}, 200, False, 200),
    ("not_json", {}, 200, True, 200),
    ("wrong_shape", {}, 200, True, 200),
    ("redirect", {}, 302, False, 302),
    ("expire_token", {}, 401, False, 401),
    ("drip", {"ms_per_byte": 0.01}, 200, True, 200),
    ("drip_headers", {"ms_per_line": 0.01}, 200, True, 200),
    ("stall", {"max_s": 0.05}, requests.ConnectionError, False, 0),
    ("gzip_bomb", {"mib": 1}, 200, True, 200),
    ("echo", {}, 400, True, 400),
]


@pytest.mark.parametrize(("kind", "parameters", "met", "stored", "logged"), MET, ids=[entry[0] for entry in MET])
def test_fault(api: Any, kind: str, parameters: dict[str, Any], met: Any, stored: bool, logged: int) -> None:
    api.simulator.fault(kind, method="PUT", path="/cases/*", **parameters)
    outcome, is_stored = meet(api)
    if isinstance(met, int):
        assert outcome.status_code == met
    else:
        assert isinstance(outcome, met)
    assert is_stored is stored
    entry = api.simulator.requests()[-1]
    assert (entry["method"], entry["status"], entry["fault"]) == ("PUT", logged, kind)
    api.login()
    assert meet(api)[0].status_code == 200, "once means once"


def test_every_fault_is_tested() -> None:
    assert [entry[0] for entry in MET] == list(KINDS)


def test_status_with_retry_after(api: Any) -> None:
    api.simulator.advance(3600)
    api.login()
    for retry_after in ("7", "date:+30"):
        api.simulator.fault("status", status=429, retry_after=retry_after, body={"message": "slow down"})
    first, second = (api.call("GET", "/users") for _unused in range(2))
    assert (first.status_code, first.headers["retry-after"], first.json()) == (429, "7", {"message": "slow down"})
    told = parsedate_to_datetime(second.headers["retry-after"]) - parsedate_to_datetime(second.headers["date"])
    assert 29 <= told.total_seconds() <= 31


def test_status_with_a_text_body(api: Any) -> None:
    api.simulator.fault("status", status=502, body="bad gateway")
    answer = api.call("GET", "/users")
    assert (answer.text, answer.headers["content-type"]) == ("bad gateway", "text/plain")


def test_method_path_after_and_times(api: Any) -> None:
    api.simulator.fault("status", method="GET", path="/users", after=1, times=2)
    assert [api.call("GET", "/users").status_code for _unused in range(5)] == [200, 503, 503, 200, 200]
    api.simulator.fault("status", path="/users/*", times=0)
    assert [api.call("GET", "/users/x").status_code for _unused in range(3)] == [503, 503, 503]
    assert api.call("GET", "/users").status_code == 200
    assert [plan["used"] for plan in api.simulator.control("GET", "faults")["faults"]] == [2, 3]
    api.simulator.clear_faults()
    assert api.call("GET", "/users/x").status_code == 404


def test_a_late_write_lands(api: Any) -> None:
    api.simulator.fault("late", method="PUT", ms=150, status=500, body={"error": "timeout"})
    outcome, stored = meet(api)
    assert (outcome.status_code, outcome.json(), stored) == (500, {"error": "timeout"}, False)
    end = time.monotonic() + 5
    while "met" not in api.case()["tags"]:
        assert time.monotonic() < end
    (entry,) = api.data("GET", f"/cases/{CASE}/activities")
    assert entry["user"] == "myuser@stellarcyber.ai"


def test_a_late_write_is_forgotten_by_a_reset(api: Any) -> None:
    api.simulator.switch(late_write_ms=100)
    assert meet(api)[0].status_code == 504
    api.simulator.reset()
    api.login()
    time.sleep(0.2)
    assert "met" not in api.case()["tags"]


def test_the_query_can_be_matched(api: Any) -> None:
    api.simulator.fault("status", path="/cases", times=0, query={"limit": "5??", "skip": None})
    found = [
        api.call("GET", f"/cases?{query}").status_code for query in ("limit=500", "limit=50", "limit=500&skip=0", "")
    ]
    assert found == [503, 200, 200, 200]
    api.simulator.clear_faults()
    api.simulator.fault("status", path="/cases", times=0, query={"include_summary": "*"})
    found = [api.call("GET", f"/cases?{query}").status_code for query in ("include_summary=", "limit=1")]
    assert found == [503, 200]


def test_faults_come_one_after_the_other(api: Any) -> None:
    api.simulator.fault("status", status=500)
    api.simulator.fault("status", status=502)
    assert [api.call("GET", "/users").status_code for _unused in range(3)] == [500, 502, 200]


def test_latency_comes_with_another_fault(api: Any) -> None:
    api.simulator.fault("latency", ms=200)
    api.simulator.fault("status")
    begin = time.monotonic()
    assert api.call("GET", "/users").status_code == 503
    assert time.monotonic() - begin >= 0.2


def test_latency_of_every_call(api: Any) -> None:
    api.simulator.latency(1000)
    begin = time.monotonic()
    api.call("GET", "/users")
    api.simulator.case(CASE)
    assert 1 <= time.monotonic() - begin < 2


def test_handled_can_be_chosen(api: Any) -> None:
    api.simulator.fault("status", status=504, method="PUT", handled=True)
    outcome, stored = meet(api)
    assert (outcome.status_code, stored) == (504, True)


def test_echoes(api: Any) -> None:
    api.simulator.clear_faults()
    for spelling in ("plain", "json", "url", "base64", "many", "list", "comma"):
        api.simulator.fault("echo", status=302, path="/users", spelling=spelling)
    plain, escaped, url, packed, many, listed, comma = (api.call("GET", "/users") for _unused in range(7))
    token = plain.request.headers["Authorization"]
    assert plain.text.startswith(f"you sent {token} and get {{")
    assert plain.headers["location"].startswith(f"https://other.example/you sent {token}")
    assert json.loads(escaped.text + "}")["error"] == unquote(url.text) == plain.text
    assert base64.b64decode(packed.text).decode() == plain.text
    assert len(many.text) > 65536
    assert len(listed.json()) == 1
    assert comma.text.endswith(",}")


def test_bodies(api: Any) -> None:
    for kind, parameters in (
        ("not_json", {}),
        ("wrong_shape", {}),
        ("wrong_shape", {"body": [1]}),
        ("html", {}),
        ("redirect", {"location": "https://other.example/x"}),
        ("gzip_bomb", {"mib": 2}),
    ):
        api.simulator.fault(kind, **parameters)
    not_json, null, listed, page, redirect, bomb = (api.call("GET", "/users") for _unused in range(6))
    with pytest.raises(ValueError, match="Expecting"):
        not_json.json()
    assert (null.json(), listed.json()) == ({"data": None}, [1])
    assert page.text.startswith("<!DOCTYPE html>")
    assert redirect.headers["location"] == "https://other.example/x"
    assert int(bomb.headers["content-length"]) < 10_000
    assert len(bomb.content) > 2 * 2**20


def test_expire_token_ends_that_token_only(api: Any, connect: Any) -> None:
    other = connect(api.simulator)
    api.simulator.fault("expire_token", path="/users")
    assert [api.call("GET", "/users").status_code for _unused in range(2)] == [401, 401]
    assert other.call("GET", "/users").status_code == 200


def test_stall_ends_when_the_client_gives_up(api: Any) -> None:
    api.simulator.fault("stall")
    with pytest.raises(requests.exceptions.ReadTimeout):
        api.call("GET", "/users", timeout=0.2)
    assert api.call("GET", "/users").status_code == 200


def test_headers_that_drip_keep_a_client_waiting_beyond_its_time_out(api: Any) -> None:
    """Each line is an answer in time, for a client that waits so long for each."""
    api.simulator.fault("drip_headers", ms_per_line=50, lines=10)
    begin = time.monotonic()
    answer = api.call("GET", "/users", timeout=0.4)
    assert time.monotonic() - begin >= 0.5
    assert answer.headers["x-drip-9"] == "9"
    assert answer.json()["data"]
    assert api.call("GET", "/users").status_code == 200


def test_the_token_call_can_fail_too(api: Any) -> None:
    api.simulator.fault("status", path="/access_token", status=500)
    assert [api.login().status_code for _unused in range(2)] == [500, 200]


@pytest.mark.parametrize(
    "parameters",
    [
        {"kind": "nothing"},
        {"kind": "status", "mib": 1},
        {"kind": "latency", "colour": 1},
        {"kind": "status", "query": "limit"},
        {"kind": "status", "query": {"limit": 5}},
        {},
    ],
)
def test_faults_refuse(simulator: Any, parameters: dict[str, Any]) -> None:
    with pytest.raises(RuntimeError, match="400"):
        simulator.control("POST", "faults", parameters)
