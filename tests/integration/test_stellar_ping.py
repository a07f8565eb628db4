# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""stellar_ping: a healthy platform, broken connections with the remedy that fixes each, and what a platform can do."""

from __future__ import annotations

import datetime
import json
import re
import time

import jwt
import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.ping import PING
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import StellarError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.ping import ENDPOINTS, FILTERS, SORTS, STEPS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.ping import explained, run_ping
from tests import canaries, evidence, hostile_text
from tests.integration.broken_connections import BROKEN, TENANT, TENANT_ID, Broken
from tests.integration.listeners import authority, listen, tls
from tests.integration.many import case
from tests.integration.playbook import calls, parameters
from tests.integration.test_network import BAD_PROXIES, to_and_fro

MODULE = "stellarcyber.xdr.stellar_ping"
TOKEN, LIST, READ = "POST access_token", "GET cases", "GET cases/ID"
PARTS = [f"{READ}/{part}" for part in ("comments", "activities", "scores")]
HEALTHY = [TOKEN, LIST, "GET users", "GET tenants", "GET tenant_groups", *PARTS, *[LIST] * 12]

__all__ = ["authority", "listen"]  # fixtures


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch):
    for name in ("HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


class Ping:
    """Runs the module's function as the module and the action do."""

    def __init__(self, sim):
        self.sim = sim

    def __call__(self, check_mode=False, **options):
        """Return the result; that of a failure has its message as `msg`."""
        self.sim.clear_requests()
        try:
            result = run_ping(parameters(PING, self.sim, **options), check_mode, lambda secret: None)
        except StellarError as error:
            result = {**explained(error).to_result(), "failed": True}
        canaries.assert_none(canaries.of(self.sim), json.dumps(result), where="a result of stellar_ping")
        assert [step["name"] for step in result["steps"]] == list(STEPS)
        assert self.sim.writes() == []
        return result


@pytest.fixture
def ping(sim):
    return Ping(sim)


def statuses(result):
    return {step["name"]: step["status"] for step in result["steps"]}


def step(result, name):
    (found,) = [step for step in result["steps"] if step["name"] == name]
    return found


# -- a healthy platform -----------------------------------------------------------------------------------------


def test_a_healthy_platform(sim, ping):
    sim.latency(20)
    started = time.monotonic()
    result = ping()
    assert time.monotonic() - started < 10
    assert (result["ok"], result["failed_step"], result["remedy"], result["changed"]) == (True, None, None, False)
    assert {name for name, status in statuses(result).items() if status != "ok"} == {"proxy"}
    assert step(result, "proxy")["detail"] == "No proxy is set for this platform."
    assert step(result, "token")["ms"] >= 20
    assert calls(sim.requests()) == HEALTHY
    assert result["requests"] == {"read": len(HEALTHY) - 1, "write": 0, "retry": 0}
    assert (result["platform"], result["scope"], result["warnings"]) == (sim.host, "all tenants", [])
    assert 20 <= len(result["report"]) <= 30
    # Its one row each: no page of a queue
    limits = [dict(entry["query"]).get("limit") for entry in sim.requests() if entry["path"].endswith("/cases")]
    assert set(limits) == {"1", "5"}


def test_check_mode_does_the_same(sim, ping):
    for options in ({}, {"api_key": "wrong"}, {"tenant": "Nowhere"}):
        results = []
        for check_mode in (False, True):
            result = ping(check_mode, **options)
            for each in result["steps"]:
                each["ms"] = None
            results.append(({**result, "report": [], "msg": result.get("msg")}, calls(sim.requests())))
        assert results[0] == results[1]


@pytest.mark.parametrize("way", ["in process", "as a module"])
def test_by_ansible_playbook(sim, play, way):
    task = {MODULE: {"tenant": TENANT}, **({"environment": {"ANY": "thing"}} if way == "as a module" else {})}
    run = play([task, {**task, "check_mode": True}])
    assert run.returncode == 0, run.output
    for each in run.tasks:
        assert each.result["ok"]
        assert each.calls == [TOKEN, LIST, "GET tenants", LIST, *HEALTHY[2:]]
        assert each.result["scope"] == f"tenant {TENANT} ({TENANT_ID})"
        assert re.match(r"made by: +stellarcyber\.xdr \d+\.\d+\.\d+, ansible-core \d", each.result["report"][1])


def test_a_failure_by_ansible_playbook(sim, play):
    failing = {MODULE: {"api_key": "wrong"}, "ignore_errors": True, "register": "ping"}
    told = {"ansible.builtin.debug": {"msg": "{{ ping.report }}"}}
    never = {MODULE: {"api_key": "wrong", "fail_on": "never"}}
    run = play([failing, told, never, {**failing, "environment": {"ANY": "thing"}}])
    assert run.returncode == 0, run.output
    for number in (0, 3):
        result = run[number].result
        assert result["msg"].startswith("token: Could not get an access token (")
        assert result["msg"].endswith(result["remedy"])
        assert (result["failed_step"], result["error"]["status"]) == ("token", 401)
        assert run[number].calls == [TOKEN]
    assert [line for line in run[1].result["msg"] if line.startswith("token         failed")]
    assert (run[2].kind, run[2].result["ok"]) == ("ok", False)


def test_options_that_ansible_gives(sim, play):
    """An option that the action rejects is a failure of the first step, too."""
    rows = [
        {MODULE: {"tenant": ""}},
        {MODULE: {}, "vars": {"stellar_host": "https://x/login"}},
        {MODULE: {"redact": None}},
        {MODULE: {"skip": ["all"]}},
        {MODULE: {"hots": "x"}},
    ]
    run = play([{**row, "ignore_errors": True} for row in rows])
    said = [task.result["msg"] for task in run.tasks]
    assert [task.result["failed_step"] for task in run.tasks] == ["options"] * len(rows)
    assert [text.partition(".")[0] for text in said] == [
        "options: tenant, from the task or module_defaults, is empty",
        "options: host, from the variable stellar_host, contains a path or a query",
        "options: redact has no value",
        'options: skip must be one of name, proxy, tcp, tls, key, token, read, clock, tenant, capabilities; got "all"',
        "options: Unsupported parameters for (stellarcyber",
    ]
    assert not any(task.calls for task in run.tasks)


# -- broken connections -------------------------------------------------------------------------------------------


@pytest.fixture
def broken(sim, listen, authority, monkeypatch, ping):
    def run(name, **more):
        if name == "a token that expired":
            ping(skip=["capabilities"])  # so that there is one
        options = {**BROKEN[name][0](Broken(sim, listen, authority, monkeypatch)), **more}
        started = time.monotonic()
        result = ping(**options)
        assert time.monotonic() - started < 5
        return result

    return run


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_connection(sim, broken, ping, monkeypatch, name):
    _how, failed, said, remedy, fixed = BROKEN[name]
    result = broken(name)
    assert result["failed"]
    assert result["failed_step"] == failed
    assert result["msg"].startswith(f"{failed}: ")
    assert said in result["msg"]
    assert remedy in result["msg"]
    assert result["msg"].endswith(result["remedy"])
    assert result["error"]["remedy"] == result["remedy"]
    assert result["ok"] is False
    found = step(result, failed)
    assert (found["status"], found["remedy"]) == ("failed", result["remedy"])
    assert said in found["detail"]
    # Each later step waits for this one. The clock is known from the answer that failed.
    for later in result["steps"][STEPS.index(failed) + 1 :]:
        if later["name"] != "clock" or later["status"] == "skipped":
            assert (later["status"], later["detail"]) == ("skipped", f"Waits for {failed}.")
    assert result["report"][0].startswith(f"stellar_ping:  failed at {failed}")
    assert len([line for line in result["report"] if line.startswith(f"{failed:<12}  failed")]) == 1
    assert result["capabilities"] is None
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    if fixed is not None:
        assert ping(**(fixed(sim) if callable(fixed) else fixed))["ok"]


def test_there_are_broken_connections_for_each_step_that_can_fail():
    assert len(BROKEN) >= 20
    assert {failed for _how, failed, *_more in BROKEN.values()} == set(STEPS) - {"key", "clock", "capabilities"}


@pytest.mark.parametrize("name", [name for name in BROKEN if name != "no library"])
def test_a_redacted_report_names_nobody(sim, authority, broken, name):
    result = broken(name, redact=True)
    report = "\n".join(result["report"])
    assert f"{result['failed_step']:<12}  failed" in report
    private = [
        *("127.0.0.1", "myserver.example.com", "no-such-host", "portal.example.com", "Example Corp", "nowhere"),
        *(TENANT, TENANT_ID, "Exampel"),
        *(sim.host, sim.username, sim.ca_path, authority.path, "trustme", "legacy", "scoped", "Basic", "Bearer"),
    ]
    assert [text for text in private if text.lower() in report.lower()] == []
    assert result["platform"] not in report if "platform" in result else True


# -- parts of the result -------------------------------------------------------------------------------------------


def test_a_redacted_report_of_a_healthy_platform_names_nobody(sim, ping):
    result = ping(redact=True, tenant=TENANT)
    for text in (sim.host, "127.0.0.1", sim.username, sim.ca_path, TENANT, TENANT_ID, "trustme", "legacy", "Basic"):
        assert text not in "\n".join(result["report"])
    assert "scope:        tenant TENANT (TENANT)" in result["report"]
    assert sim.host in str(result["steps"])


@pytest.mark.parametrize(
    ("fail_on", "faulty", "fails"),
    [
        ("failed", False, False),
        ("failed", True, True),
        ("warning", False, True),
        ("warning", True, True),
        ("never", False, False),
        ("never", True, False),
    ],
)
def test_when_it_fails(sim, ping, fail_on, faulty, fails):
    """There is always a warning, and sometimes a failure as well."""
    sim.switch(clock_offset_s=7200)
    if faulty:
        sim.fault("status", status=403, path="/cases", times=0)
    result = ping(fail_on=fail_on)
    assert result.get("failed", False) is fails
    assert result["ok"] is not faulty
    assert step(result, "clock")["status"] == "warning"
    if fails:
        # A failure comes before a warning.
        assert result["msg"].startswith(
            "read: " if faulty else "clock: The platform's clock is 2:00:00 (h:mm:ss) ahead"
        )
    assert len([text for text in result["warnings"] if text.startswith("clock: ")]) == 1


def test_skipped_steps_do_not_hold_up_others(sim, ping):
    left_out = ["name", "tcp", "tls", "key", "read", "clock", "tenant"]
    result = ping(skip=left_out)
    assert result["ok"]
    assert {step(result, name)["detail"] for name in left_out} == {"Left out by skip."}
    assert result["capabilities"]["endpoints"]["users"] == "yes"
    assert result["capabilities"]["unknown"]["deep_skip"] == "There is no case."
    result = ping(skip=["capabilities"])
    assert calls(sim.requests()) == [TOKEN, LIST]
    assert (result["capabilities"], step(result, "capabilities")["detail"]) == (None, "Left out by skip.")


def test_attempts_show_what_comes_and_goes(sim, ping):
    sim.fault("status", status=503, path="/cases", times=1)
    result = ping(attempts=3, skip=["capabilities"])
    assert calls(sim.requests()) == [TOKEN] * 3 + [LIST] * 3
    read = step(result, "read")
    assert (result["ok"], read["status"]) == (True, "warning")
    assert read["detail"].startswith("1 of 3 attempts failed: Could not list cases (GET ")
    assert read["ms_min"] <= read["ms"] <= read["ms_max"]
    assert step(result, "tls")["status"] == "ok"
    assert "ms_min" in step(result, "tls")
    assert "ms_min" not in step(result, "options")
    assert len({entry["connection"] for entry in sim.requests()}) == 1


def test_a_certificate_that_expires_soon(listen, authority, ping):
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=5, hours=1)
    server = listen(tls(authority.context("127.0.0.1", not_after=soon)))
    for warn_days, status in ((6, "warning"), (5, "ok"), (0, "ok")):
        result = ping(host=server.host, ca_path=authority.path, warn_days=warn_days, fail_on="never")
        found = step(result, "tls")
        assert (found["status"], found["remedy"] or "") == (status, "" if status == "ok" else found["remedy"])
        assert "for 127.0.0.1, expires " in found["detail"]
        assert " in 5 days." in found["detail"]
    # No request was sent by the step itself.
    assert server.heard[0] == b""


def test_without_verification_it_warns_once(sim, ping):
    result = ping(ca_path=None, validate_certs=False)
    assert (step(result, "tls")["status"], result["warnings"]) == ("warning", [])
    assert "The certificate is not verified." in step(result, "tls")["detail"]


def scoped(**content):
    return jwt.encode({"api_key": content}, "x" * 32, algorithm="HS256")


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        ({}, "ok", "A legacy key of myuser@stellarcyber.ai, sent as Basic."),
        ({"username": None, "api_key": "opaque"}, "ok", "A scoped key, sent as Bearer."),
        ({"username": None, "api_key": scoped(exp=5_000_000_000)}, "ok", "expires 2128-06-11"),
        ({"username": None, "api_key": scoped(exp=1_000_000_000)}, "warning", "expired 2001-09-09"),
        ({"username": None, "api_key": scoped(exp=[])}, "ok", "A scoped key, sent as Bearer."),
        ({"username": None, "api_key": scoped(exp=1e300)}, "ok", "A scoped key, sent as Bearer."),
        ({"api_key": scoped(exp=5_000_000_000)}, "warning", "but it looks like a scoped key"),
        ({"access_token": jwt.encode({"exp": 1}, "x" * 32, algorithm="HS256")}, "warning", "expired 1970-01-01"),
        ({"access_token": "opaque"}, "ok", "An access token, used as it is."),
    ],
)
def test_what_the_key_says(ping, options, status, said):
    found = step(ping(**options, fail_on="never"), "key")
    assert found["status"] == status
    assert said in found["detail"]


def test_a_proxy_is_used_for_every_step(sim, ping, listen, monkeypatch):
    proxy = listen(to_and_fro)
    result = ping(proxy=f"http://proxy-user:canary-4711@{proxy.host}", skip=["capabilities"])
    assert result["ok"]
    assert {name: step(result, name)["status"] for name in ("name", "proxy", "tcp", "tls")} == {
        "name": "skipped", "proxy": "ok", "tcp": "skipped", "tls": "ok",
    }  # fmt: skip
    # For the steps, and for the API requests
    assert [line.rpartition(" ")[0] for line in proxy.heard] == [f"CONNECT {sim.host}"] * 2
    assert "canary-4711" not in json.dumps(result)
    # As a variable that no task names
    monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.host}")
    monkeypatch.setenv("NO_PROXY", "")
    assert step(ping(skip=["capabilities"]), "proxy")["status"] == "ok"


@pytest.mark.parametrize("kind", BAD_PROXIES)
def test_a_proxy_that_is_bad(ping, listen, kind):
    talk, _words = BAD_PROXIES[kind]
    started = time.monotonic()
    result = ping(proxy=f"http://{listen(talk).host}", timeout=1)
    assert time.monotonic() - started < 5
    assert result["failed_step"] in ("proxy", "tls")
    assert result["msg"].isprintable()
    evidence.record("network", case=f"stellar_ping, a proxy that {kind}", outcome="a clear error in time")


def test_each_item_of_a_loop_exchanges_the_key(sim, play):
    """A token or a connection of an earlier item would hide what is wrong now."""
    run = play([{MODULE: {"skip": ["capabilities"]}, "loop": [1, 2]}])
    assert run[0].calls == [TOKEN, LIST] * 2
    assert len({entry["connection"] for entry in run[0].requests}) == 2


def test_a_tenant_filter_that_is_ignored_is_a_warning(sim, ping):
    sim.switch(tenant_parameters=[])
    result = ping(tenant=TENANT, skip=["capabilities"])
    assert step(result, "tenant")["status"] == "warning"
    assert "ignores the filter by tenant" in step(result, "tenant")["detail"]


def test_a_tenant_without_cases(sim, ping):
    sim.reset(cases=0)
    assert step(ping(tenant=TENANT), "tenant")["detail"].endswith("it has no case.")


# -- what the platform can do ---------------------------------------------------------------------------------------

MANY = [case(number, modified_at=1_700_000_000_000 - number) for number in range(1003)]


@pytest.mark.parametrize(
    ("switches", "point", "expected"),
    [
        ({"users_status": 403}, "endpoints.users", "forbidden"),
        ({"users_status": 401}, "endpoints.users", "forbidden"),
        ({"users_status": 404}, "endpoints.users", "no"),
        ({"users_status": 500}, "endpoints.users", "ApiError: HTTP 500."),
        ({"tenants_status": 403}, "endpoints.tenants", "forbidden"),
        ({"tenants_status": 404}, "endpoints.tenant_groups", "no"),
        ({"activities_status": 403}, "endpoints.activities", "forbidden"),
        ({"scores_path": False}, "endpoints.scores", "yes"),
        *(({"ignored_query_parameters": [f"FROM~{name}", f"TO~{name}"]}, f"filters.{name}", False)
          for name in ("created_at", "modified_at", "score")),
        *(({"ignored_query_parameters": [name]}, f"filters.{name}", False) for name in ("status", "severity", "tags")),
        ({"ignored_query_parameters": ["sort"], "default_sort": "modified_at"}, "sort.created_at", False),
        ({"ignored_query_parameters": ["order"]}, "sort.modified_at", False),
        ({"default_window": "24h"}, "without_window", "cut"),
        ({"default_window": "none"}, "without_window", "all"),
        (
            {"ignored_query_parameters": ["order"]}, "without_window",
            "The list is not known to be sorted by created_at.",
        ),
        ({"skip_max": 1000}, "deep_skip", False),
        ({"skip_max": 1000, "skip_max_status": 400}, "deep_skip", False),
        ({"skip_max": 1000, "skip_max_status": 403}, "deep_skip", "ApiError: HTTP 403."),
        ({}, "deep_skip", True),
    ],
)  # fmt: skip
def test_a_switch_of_the_platform_is_seen(sim, ping, switches, point, expected):
    sim.reset(seed=MANY)
    sim.switch(**switches)
    result = ping()
    assert result["ok"], result["report"]
    group, _dot, name = point.rpartition(".")
    known = result["capabilities"]
    value = (known[group] if group else known)[name]
    if isinstance(expected, str) and " " in expected:
        assert (value, known["unknown"][point]) == (None, expected)
    else:
        assert (value, point in known["unknown"]) == (expected, False)


def test_what_can_not_be_told_is_null_with_the_reason(sim, ping):
    sim.reset(cases=0)
    known = ping()["capabilities"]
    lists = [*(f"filters.{name}" for name in FILTERS), *(f"sort.{name}" for name in SORTS)]
    no_case = dict.fromkeys([*lists, "without_window", "deep_skip"], "There is no case.")
    parts = dict.fromkeys([f"endpoints.{part}" for part in ENDPOINTS[3:]], "There is no case to read it of.")
    assert known["unknown"] == {**parts, **no_case}
    assert calls(sim.requests()) == HEALTHY[:5]


def test_a_platform_that_stops_answering_is_not_asked_on_and_on(sim, ping):
    sim.fault("stall", path="/tenants", times=0)
    result = ping(timeout=1)
    assert calls(sim.requests()) == [TOKEN, LIST, "GET users", "GET tenants"]
    assert step(result, "capabilities")["status"] == "warning"
    unknown = result["capabilities"]["unknown"]
    assert unknown["endpoints.tenants"] == "TransportError: no complete answer."
    assert unknown["deep_skip"] == "The platform did not answer an earlier request."


def tenant_called(text):
    return {"data": [{"cust_id": TENANT_ID, "cust_name": text}]}


# Where a text of the platform, of its certificate or of an option may come to: (the fault that has it, the options)
HOSTILE = {
    "error of the exchange": (lambda text: ("status", "/access_token", {"status": 422, "body": text}), {}),
    "error of the list": (lambda text: ("status", "/cases", {"status": 422, "body": text}), {}),
    "error of the tenants": (lambda text: ("status", "/tenants", {"status": 422, "body": text}), {"tenant": TENANT}),
    "tenant name": (lambda text: ("wrong_shape", "/tenants", {"body": tenant_called(text)}), {"tenant": TENANT_ID}),
    "id of a record": (
        lambda text: ("wrong_shape", "/cases", {"body": {"data": {"cases": [{"_id": f"{text}/"}]}}}), {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("place", HOSTILE)
@pytest.mark.parametrize("redact", [False, True])
def test_text_of_the_platform_is_harmless(sim, ping, place, redact):
    fault, options = HOSTILE[place]
    for title, text in hostile_text.as_read(hostile_text.TEXTS).items():
        sim.clear_faults()
        kind, path, details = fault(text[:10_000])
        sim.fault(kind, path=path, times=0, **details)
        result = ping(**options, redact=redact, fail_on="warning", skip=["name", "tcp", "tls", "clock", "capabilities"])
        details = [found["detail"] for found in result["steps"]]
        for line in (result.get("msg", ""), result.get("scope", ""), *details, *result["report"], *result["warnings"]):
            assert hostile_text.steering(line) == [], title
            assert hostile_text.commands(line) == [], title
            assert "\n" not in line, title
            assert len(line) < 2000, title
        evidence.record("hostile text", text=title, place=place, through="stellar_ping")
