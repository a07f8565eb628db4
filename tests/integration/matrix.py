# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lets one fault of tests/faults.py act on one call of a run in this process, and says what came of it."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.accounts import (
    INVENTORY,
    TENANT_INFO,
    USER_INFO,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE as CASE_OPTIONS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE_INFO, LOOKUP
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.cases import CASES as CASES_OPTIONS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.comment import COMMENT
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.ping import PING
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import StellarError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http import request as request_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.client import Client
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run import case as case_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run import ping as ping_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.accounts import (
    run_inventory,
    run_tenant_info,
    run_user_info,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case, run_case_info, run_lookup
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.cases import run_cases
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.comment import run_comment
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.event_source import EventSource
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.ping import run_ping
from tests import faults
from tests.faults import API, SEED, Fault, Scenario
from tests.integration.event_source import connection as connection_options
from tests.integration.playbook import parameters
from tests.simulator.process import Simulator, start

RETRIES, BUDGET_S, QUICK_S = 1, 20, 0.4
MIB = 2**20
# Of the user of the simulator's keys
OWN_ID = "9887e386323148ea8c68d4cf0bc1cdf6"


@dataclass(frozen=True)
class Place:
    """A call of a scenario: the n-th of all, and so many of the same method and path before it."""

    method: str
    path: str
    number: int
    after: int


@dataclass(frozen=True)
class Attempt:
    """One attempt at a call. request: the same object for each. acted: whether the fault met it. elsewhere: whether it
    was led away from the simulator."""

    request: Any
    acted: bool
    elsewhere: bool

    @property
    def at(self) -> tuple[str, str]:
        return _at(self.request)


def _at(request: Any) -> tuple[str, str]:
    return request.call.method, f"/{request.call.path}"


@dataclass
class Outcome:
    """The result of a run, all attempts at its calls in their order, and what it waited."""

    result: dict[str, Any]
    exception: StellarError | None
    attempts: list[Attempt]
    waits: list[float]
    requests: list[dict[str, Any]]
    seconds: float

    @property
    def failed(self) -> bool:
        return self.exception is not None

    def of(self, place: Place) -> list[Attempt]:
        """All attempts at the call at a place."""
        there = [one for one in self.attempts if one.at == (place.method, place.path)]
        return [one for one in self.attempts if one.request is there[place.after].request]

    def later(self, place: Place) -> list[tuple[str, str]]:
        """What was sent after the last attempt at the call at a place."""
        last = max(number for number, one in enumerate(self.attempts) if one is self.of(place)[-1])
        return [one.at for one in self.attempts[last + 1 :]]


class Elsewhere:
    """Places that a call may be led to, each at a port of its own, and the CAs of those that speak TLS."""

    def __init__(self, simulator: Simulator, folder: Path, running: contextlib.ExitStack) -> None:
        self.strangers = {
            place: running.enter_context(start("--cases", 0, "--certificate", certificate))
            for place, certificate in (("expired", "expired"), ("wrong-name", "wrong-name"), ("unknown CA", "good"))
        }
        known = [simulator, self.strangers["expired"], self.strangers["wrong-name"]]
        self.ca_path = folder / "ca.pem"
        self.ca_path.write_text("".join(Path(server.ca_path).read_text(encoding="utf-8") for server in known))
        self.hosts = {place: server.host for place, server in self.strangers.items()}
        # One that listens and never accepts: what comes after the first waits for ever.
        deaf = running.enter_context(socket.socket())
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        running.enter_context(socket.create_connection(deaf.getsockname()))
        self.hosts["deaf"] = "127.0.0.1:{1}".format(*deaf.getsockname())
        # Bound, so that nobody else gets the port, and nobody listens.
        closed = running.enter_context(socket.socket())
        closed.bind(("127.0.0.1", 0))
        self.hosts["closed"] = "127.0.0.1:{1}".format(*closed.getsockname())


@dataclass
class Matrix:
    """Runs scenarios against a simulator, with or without a fault."""

    simulator: Simulator
    elsewhere: Elsewhere
    monkeypatch: pytest.MonkeyPatch

    @property
    def plan_file(self) -> Path:
        return self.elsewhere.ca_path.with_name("plan.json")

    def prepare(self, scenario: Scenario) -> None:
        self.simulator.reset(seed=SEED)
        if scenario.switches:
            self.simulator.switch(**scenario.switches)
        if scenario.plan is not None:
            planned = parameters(CASES_OPTIONS, self.simulator, plan_file=str(self.plan_file), **scenario.plan)
            run_cases(planned, True, lambda secret: None)
            self.simulator.clear_requests()
        for kind, parameters_ in scenario.lost:
            self.simulator.fault(kind, **parameters_)

    def places(self, scenario: Scenario) -> tuple[dict[str, Place], Outcome]:
        """Where each call of a scenario is, from the log of a run without a fault; and that run."""
        self.prepare(scenario)
        outcome = self.run(scenario)
        found: dict[str, Place] = {}
        seen: list[tuple[str, str]] = []
        for number, (name, entry) in enumerate(zip(faults.names_of(outcome.requests), outcome.requests, strict=True)):
            call = (entry["method"], entry["path"][len(API) :])
            found.setdefault(name, Place(*call, number, seen.count(call)))
            seen.append(call)
        return found, outcome

    def arm(self, fault: Fault, place: Place, times: int, and_all_after: bool) -> None:
        """Let a fault act on `times` attempts at a call, 0 meaning all; or on every call from this one on."""
        if fault.kind and and_all_after:
            self.simulator.fault(fault.kind, after=place.number, times=0, **fault.parameters)
        elif fault.kind:
            at = {"method": place.method, "path": place.path, "after": place.after}
            self.simulator.fault(fault.kind, times=times, **at, **fault.parameters)

    def run(
        self,
        scenario: Scenario,
        fault: Fault | None = None,
        place: Place | None = None,
        times: int = 0,
        and_all_after: bool = False,
        **options: Any,
    ) -> Outcome:
        """Run a scenario. A fault that the simulator does not have is made here, and timeouts that matter are cut."""
        attempts: list[Attempt] = []
        waits: list[float] = []
        send = request_module.Request._send

        def acts(at: tuple[str, str]) -> bool:
            if fault is None or place is None:
                return False
            if and_all_after:
                return len(attempts) >= place.number
            nth = [one.at for one in attempts].count(at) + 1 - place.after
            return at == (place.method, place.path) and nth > 0 and (not times or nth <= times)

        def send_or_lead_elsewhere(request: Any, auth: Any) -> Any:
            acted = acts(_at(request))
            there = self.elsewhere.hosts.get(fault.place) if fault and acted else None
            attempts.append(Attempt(request, acted, there is not None))
            connection = request.session.connection
            base_url = f"https://{there}" if there else connection.base_url
            cut = {"timeout": QUICK_S, "list_timeout": QUICK_S} if fault and acted and fault.quick else {}
            request.session.connection = replace(connection, base_url=base_url, **cut)
            try:
                return send(request, auth)
            finally:
                request.session.connection = connection

        def connect(connection: Any, on_secret: Any = lambda secret: None) -> Client:
            return Client(connection, on_secret, sleep=waits.append)

        self.monkeypatch.setattr(request_module.Request, "_send", send_or_lead_elsewhere)
        self.monkeypatch.setattr(request_module, "MAX_BODY_BYTES", MIB)
        self.monkeypatch.setattr(case_module, "Client", connect)
        given = {
            "ca_path": str(self.elsewhere.ca_path),
            "retries": RETRIES,
            "retry_budget": BUDGET_S,
            **scenario.options,
            **({} if scenario.plan is None else {"plan": str(self.plan_file)}),
            **options,
        }
        exception = None
        started = time.monotonic()
        try:
            result = RUNS[scenario.entry](self.simulator, given, connect)
        except StellarError as error:
            result, exception = error.to_result(), error
        seconds = time.monotonic() - started
        self.monkeypatch.setattr(request_module.Request, "_send", send)
        return Outcome(result, exception, attempts, waits, self.simulator.requests(), seconds)


def _case(simulator: Simulator, given: dict[str, Any], connect: Any) -> dict[str, Any]:
    return run_case(parameters(CASE_OPTIONS, simulator, **given), False, lambda secret: None, connect)


def _info(simulator: Simulator, given: dict[str, Any], connect: Any) -> dict[str, Any]:
    return run_case_info(parameters(CASE_INFO, simulator, **given), False, lambda secret: None, connect)


def _cases(simulator: Simulator, given: dict[str, Any], connect: Any) -> dict[str, Any]:
    given = {"concurrency": 1, **given}
    return run_cases(parameters(CASES_OPTIONS, simulator, **given), False, lambda secret: None, connect)


def _lookup(simulator: Simulator, given: dict[str, Any], connect: Any) -> dict[str, Any]:
    tags = given.pop("terms")
    return run_lookup(parameters(LOOKUP, simulator, tags=tags or None, **given))


def _ping(simulator: Simulator, given: dict[str, Any], connect: Any) -> dict[str, Any]:
    # It takes no client of another task.
    with mock.patch.object(ping_module, "Client", connect):
        return run_ping(parameters(PING, simulator, **given), False, lambda secret: None)


def _tenant_info(simulator: Simulator, given: dict[str, Any], connect: Any) -> dict[str, Any]:
    return run_tenant_info(parameters(TENANT_INFO, simulator, **given), False, lambda secret: None, connect)


def _user_info(simulator: Simulator, given: dict[str, Any], connect: Any) -> dict[str, Any]:
    return run_user_info(parameters(USER_INFO, simulator, **given), False, lambda secret: None, connect)


def _inventory(simulator: Simulator, given: dict[str, Any], connect: Any) -> dict[str, Any]:
    return run_inventory(parameters(INVENTORY, simulator, **given), lambda connection: None)


def _comment(simulator: Simulator, given: dict[str, Any], connect: Any) -> dict[str, Any]:
    return run_comment(parameters(COMMENT, simulator, **given), False, lambda secret: None, connect)


def _event_source(simulator: Simulator, given: dict[str, Any], connect: Any) -> dict[str, Any]:
    """The start of the source and one poll. The case that has another tag was changed last by the key's user."""
    simulator.put_case(faults.OTHER, modified_by=OWN_ID)
    source = EventSource({**connection_options(simulator), **given})
    client = connect(source._connection)
    reader, *more = source._start(client)
    events = [step.event for step in source._poll(reader, *more) if step.event]
    return {"events": events, "warnings": reader.take_warnings() + sorted(source._warned)}


RUNS = {
    faults.SOURCE: _event_source,
    faults.COMMENT_ONCE: _comment,
    faults.CASE: _case,
    faults.INFO: _info,
    faults.LOOKUP: _lookup,
    faults.CASES: _cases,
    faults.PING: _ping,
    faults.TENANT_INFO: _tenant_info,
    faults.USER_INFO: _user_info,
    faults.INVENTORY: _inventory,
}


@contextlib.contextmanager
def elsewhere(simulator: Simulator, folder: Path) -> Iterator[Elsewhere]:
    with contextlib.ExitStack() as running:
        yield Elsewhere(simulator, folder, running)
