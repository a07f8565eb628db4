# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stellar_ping does: the steps from the options to what the platform can do."""

from __future__ import annotations

import copy
import ssl
import sys
import time
from dataclasses import replace
from typing import Any, Callable
from urllib.parse import urlsplit

from ansible.module_utils import ansible_release

from .._api.capabilities import Capabilities
from .._api.contract import Contract
from .._api.reader import SMALL_PAGE, Reader
from .._argspec.connection import connection_of
from .._argspec.ping import check_ping
from .._errors import MissingLibraryError, StellarError, printable
from .._http.auth import claims
from .._http.client import Client
from .._http.probe import Certificate, Probe, look_up, probe, shown_names
from .._model import contract, ping
from .._model.ping import CONTRACT, FAILED, OK, SKIPPED, STEPS, WARNING, Attempt, Finding, Step
from .._model.query import Query
from .._model.times import format_time
from .case import CLOCK_REMEDY, Connect, OnSecret, clock_difference, clock_ms, origin

try:
    import requests
    import urllib3
except ImportError:  # session.py says so, with the interpreter's path
    pass

_DAY_S = 86400
# A larger number is not a time in epoch seconds.
_LATEST_S = 1e11
_REPEATED = ("name", "proxy", "tcp", "tls", "token", "read")
# Of the steps that get answers of the API, which an error may quote
_QUOTES = ("token", "read", "tenant", "capabilities")
# Remedies that fit a step better than any request, by step and HTTP status of an answer of its path
_PATHS = {"token": "access_token", "read": "cases", "tenant": "cases"}
_NOT_THE_API = (
    "The platform's API is not at this address. Set host to the platform's own name, not to that of a portal in front "
    "of it, and check that the platform's version is 5.0.4 or later."
)
_REMEDIES = {
    (
        "token",
        403,
    ): "The platform refuses this key by a policy: check the account, and from which addresses it may sign in.",
    **{(step, status): _NOT_THE_API for step in ("token", "read") for status in (404, 405, 410)},
    ("tenant", 403): "The tenant is not in the key's scope, which the platform calls a tenant mismatch: use a key of "
    "this tenant, or set tenant to one in the key's scope.",
}
_RENEW_CERTIFICATE = "Renew the platform's certificate."
_RUN_AGAIN = "Run again; if it stays so, raise timeout."


def run_ping(
    params: dict[str, Any], check_mode: bool, on_secret: OnSecret, connect: Connect | None = None
) -> dict[str, Any]:
    """Run stellar_ping. check_mode is ignored, and so is connect: a token of an earlier item would hide a fault."""
    check_ping(params)
    # What comes and goes is to be seen.
    connection = replace(connection_of(params), retries=0)
    with Client(connection, on_secret) as client:
        checkup = Checkup(params, client)
        checkup.run()
        result = checkup.result()
    failure = checkup.failure(params["fail_on"])
    if failure is None:
        return result
    failure.result = result
    raise failure


def explained(error: StellarError) -> StellarError:
    """Return an error with the results of a run that ended before its first step."""
    if "steps" in error.result:
        return error
    error = copy.copy(error)
    error.context = "library" if isinstance(error, MissingLibraryError) else "options"
    steps = ping.options_failed(error, error.context)
    # Which options there are is not known, redact for one.
    error.result.update(_outcome(steps, None), report=ping.report_of(steps, _facts(steps), None, {}))
    return error


class Checkup:
    """The steps of one run, each after the one before it."""

    # Of the step capabilities, which the step contract waits for
    _asked: Capabilities

    def __init__(self, params: dict[str, Any], client: Client) -> None:
        self._params = params
        self._client = client
        self._reader = Reader(client)
        self._steps: list[Step] = []
        self._failed = ""
        self._probes: list[Probe] = []
        self._case: dict[str, Any] | None = None
        self._capabilities: dict[str, Any] | None = None
        self._contract: dict[str, Any] | None = None
        # For a redacted report: names, and what stands there in their place
        self._placeholders = {client.connection.platform: "HOST", client.connection.username: "USER"}
        self._keep_out(urlsplit(client.connection.base_url).hostname, "HOST")
        self._keep_out(client.connection.tenant, "TENANT")
        self._keep_out(client.session.proxy, "PROXY")
        self._keep_out(client.session.proxy.rpartition(":")[0], "PROXY")

    def _keep_out(self, name: str | None, placeholder: str) -> None:
        if name:
            self._placeholders[name] = placeholder

    def run(self) -> None:
        known = {
            "options": lambda: Finding("The options are complete."),
            "library": lambda: Finding(f"{_libraries()}."),
            "name": self._name,
            "key": self._key,
            "token": self._token,
            "read": self._read,
            "clock": self._clock,
            "tenant": self._tenant,
            "capabilities": self._ask,
            CONTRACT: self._compare,
        }
        for name in (*STEPS, CONTRACT) if self._params["contract_dir"] else STEPS:
            # The clock may be why a token was refused, and its step sends nothing.
            waits = self._failed and not (name == "clock" and self._client.session.knows_clock)
            if name in self._params["skip"]:
                step = ping.skipped(name, "Left out by skip.")
            elif waits:
                step = ping.skipped(name, f"Waits for {self._failed}.")
            elif name in known:
                times = self._params["attempts"] if name in _REPEATED else 1
                step = ping.step_of(name, [self._attempt(name, known[name]) for _time in range(times)], name in _QUOTES)
            else:
                step = ping.step_of(name, self._phase(name), False)
            self._steps.append(step)
            if step.status == FAILED and not self._failed:
                self._failed = name

    def _attempt(self, name: str, find: Callable[[], Finding]) -> Attempt:
        started = time.monotonic()
        found: Finding | StellarError
        try:
            found = find()
        except StellarError as error:
            status = error.details.get("status", 0)
            if (name, status) in _REMEDIES and error.is_answer_to(_PATHS[name], status):
                error.remedy = _REMEDIES[name, status]
            found = error
        return Attempt(time.monotonic() - started, found)

    # -- the connection ------------------------------------------------------------------------------------

    @property
    def _uses_tls(self) -> bool:
        return self._client.connection.base_url.startswith("https:")

    def _name(self) -> Finding:
        if self._client.session.proxy:
            return Finding("The proxy looks the name up.", SKIPPED)
        found = look_up(self._client.session)
        for address in found:
            self._keep_out(address, "ADDRESS")
        return Finding(f"{', '.join(found[:4])}.")

    def _phase(self, name: str) -> list[Attempt]:
        """Return the attempts of a part of connecting; all parts of an attempt are made in one connection."""
        session = self._client.session
        absent = {
            "proxy": "" if session.proxy else "No proxy is set for this platform.",
            "tcp": "The proxy connects." if session.proxy else "",
            "tls": "" if self._uses_tls else "Plain http, which is for loopback only.",
        }[name]
        if absent:
            return [Attempt(0, Finding(absent, SKIPPED))]
        self._probes = self._probes or [probe(session) for _time in range(self._params["attempts"])]
        found = [self._phase_of(name, one) for one in self._probes if name in one.seconds]
        return found or [Attempt(0, Finding("No connection was made.", SKIPPED))]

    def _phase_of(self, name: str, one: Probe) -> Attempt:
        is_last = name == list(one.seconds)[-1]
        found: Finding | StellarError
        if one.error is not None and is_last:
            found = self._with_names(one.error) if name == "tls" else one.error
        elif name == "proxy":
            found = Finding(f"{self._client.session.proxy} connects to {self._client.connection.platform}.")
        elif name == "tcp":
            found = Finding(f"Connected to {self._client.connection.platform}.")
        else:
            found = self._certificate(one)
        return Attempt(one.seconds[name], found)

    def _with_names(self, error: StellarError) -> StellarError:
        """Return the error with the names of the certificate, if it is valid for other ones, and the CAs."""
        self._keep_out(self._cas, "CA_FILE")
        error.notes.append(f"The CA certificates are those of {self._cas}.")
        if "set host to the name in the certificate" in error.remedy:
            certificate = probe(self._client.session, checks_name=False).certificate
            if certificate:
                self._keep_out_names(certificate)
                error.notes.append(f"The certificate is for {shown_names(certificate)}.")
        return error

    def _keep_out_names(self, certificate: Certificate) -> None:
        self._keep_out(certificate.issuer, "ISSUER")
        for name in certificate.names:
            self._keep_out(printable(name, 60), "NAME")
        self._keep_out(shown_names(certificate), "NAMES")

    @property
    def _cas(self) -> str:
        """Return the file or folder of the CA certificates, an option's or one of the environment of requests."""
        verify = self._client.session.settings["verify"]
        usual = requests.utils.DEFAULT_CA_BUNDLE_PATH
        return printable(verify if isinstance(verify, str) else usual, 200)

    def _certificate(self, one: Probe) -> Finding:
        certificate = one.certificate
        if certificate is None:
            remedy = "Set ca_path to the file of the platform's CA, and leave validate_certs out."
            return Finding(f"{one.tls_version}. The certificate is not verified.", WARNING, remedy)
        days = int((certificate.not_after_s - time.time()) // _DAY_S)
        self._keep_out(self._cas, "CA_FILE")
        self._keep_out_names(certificate)
        expires = format_time(int(certificate.not_after_s * 1000))[:10]
        detail = (
            f"{one.tls_version}, issued by {certificate.issuer} for {shown_names(certificate)}, "
            f"expires {expires} in {days} days. The CA certificates are those of {self._cas}."
        )
        is_near = days < self._params["warn_days"]
        return Finding(detail, WARNING, _RENEW_CERTIFICATE) if is_near else Finding(detail)

    # -- key and token -------------------------------------------------------------------------------------

    def _key(self) -> Finding:
        connection = self._client.connection
        if connection.access_token:
            said, content = "An access token, used as it is", claims(connection.access_token)
            remedy = "Get a new one, or set api_key so that it is renewed."
        elif connection.auth_method == "basic":
            said, content = f"A legacy key of {connection.username}, sent as Basic", claims(connection.api_key)
            if content:
                remedy = "Leave username out, or set auth_method to bearer."
                return Finding(f"{said}, but it looks like a scoped key.", WARNING, remedy, "KEY")
            remedy = ""
        else:
            said, content = "A scoped key, sent as Bearer", claims(connection.api_key)
            remedy = "Generate a new key in the platform."
        inner = content.get("api_key")
        expires_s = (inner if isinstance(inner, dict) else content).get("exp")
        if isinstance(expires_s, bool) or not isinstance(expires_s, (int, float)) or not 0 < expires_s < _LATEST_S:
            return Finding(f"{said}.", redacted="KEY")
        expires = format_time(int(expires_s * 1000))
        left_s = expires_s - time.time()
        detail = f"{said}, {'expires' if left_s > 0 else 'expired'} {expires}."
        # A token is valid for minutes.
        is_near = left_s < (0 if connection.access_token else self._params["warn_days"] * _DAY_S)
        return Finding(detail, WARNING, remedy, "KEY") if is_near else Finding(detail, redacted="KEY")

    def _token(self) -> Finding:
        if self._client.connection.access_token:
            return Finding("The access token is not exchanged; the step read shows whether it is accepted.")
        lifetime_s = self._client.new_token() or 0
        return Finding(f"The platform gave an access token that is valid for {lifetime_s:.0f} s.")

    # -- the platform --------------------------------------------------------------------------------------

    def _read(self) -> Finding:
        self._reader.now_ms = self._client.session.now_ms()
        page = Query().first_page(self._reader.now_ms, descending=True)._replace(size=1)
        listed = self._reader.lister.page(page)
        self._case = listed.cases[0] if listed.cases else None
        if listed.odd:
            return Finding(str(listed.odd[0].error), WARNING, listed.odd[0].error.remedy, "A record is not a case.")
        total = "" if listed.total is None else f" The platform's total is {listed.total}."
        return Finding(f"{'A case was read.' if self._case else 'The list of cases is empty.'}{total}")

    def _clock(self) -> Finding:
        if not self._client.session.knows_clock:
            return Finding("No answer shows the platform's clock.", SKIPPED)
        difference = clock_difference(self._client)
        if difference:
            return Finding(difference, WARNING, CLOCK_REMEDY)
        return Finding("The platform's clock is less than a minute from that of this machine.")

    def _tenant(self) -> Finding:
        tenant = self._reader.directory.tenant()
        if tenant is None:
            return Finding("tenant is not set: tasks read the cases of all tenants that the key can see.")
        self._keep_out(tenant.name, "TENANT")
        self._keep_out(tenant.cust_id, "TENANT")
        page = Query(tenant=tenant).first_page(self._reader.now_ms, descending=True)._replace(size=SMALL_PAGE)
        cases = self._reader.lister.page(page).cases
        others = sum(not tenant.owns(case) for case in cases)
        scope = self._reader.directory.scope()
        if others:
            remedy = "Nothing. The collection leaves out cases of other tenants itself, which takes more API requests."
            return Finding(f"The platform ignores the filter by tenant in a list of {scope}.", WARNING, remedy)
        self._case = cases[0] if cases else self._case
        return Finding(f"{scope[0].upper()}{scope[1:]}: {'its cases are listed' if cases else 'it has no case'}.")

    def _ask(self) -> Finding:
        if self._params["contract_dir"]:
            # Else a claim would differ by what passes, or be undecided where the platform asks to slow down.
            self._client.session.connection = connection_of(self._params)
        self._asked = Capabilities(self._client, self._reader.now_ms, self._case)
        self._capabilities = self._asked.read()
        unknown = ", ".join(self._capabilities["unknown"])
        if self._asked.is_ended:
            return Finding(f"The platform did not answer a request. Not known: {unknown}.", WARNING, _RUN_AGAIN)
        return Finding(f"Not known: {unknown}." if unknown else "All points are known.")

    def _compare(self) -> Finding:
        claims = Contract(self._client, self._asked, self._reader.now_ms)
        answers = claims.answers()
        facts = {**_versions(), "date": format_time(clock_ms())[:10], "requests": self._client.requests}
        self._contract = contract.document(facts, answers)
        said = contract.summary(self._contract["counts"])
        if claims.is_ended:
            return Finding(f"The platform did not answer a request. {said}", WARNING, _RUN_AGAIN)
        return Finding(said)

    # -- the result ----------------------------------------------------------------------------------------

    def failure(self, fail_on: str) -> StellarError | None:
        """Return the error that the task ends with."""
        ends = {"failed": (FAILED,), "warning": (FAILED, WARNING), "never": ()}[fail_on]
        found = sorted((step for step in self._steps if step.status in ends), key=lambda step: step.status)
        if not found:
            return None
        step = found[0]
        error = step.error or StellarError("", step.detail, step.remedy)
        error.context = step.name
        return error

    def result(self) -> dict[str, Any]:
        facts = _facts(self._steps)
        sent = self._client.throttle.sent
        facts["platform"] = self._client.connection.platform
        facts["scope"] = self._reader.directory.scope()
        facts["requests"] = f"{sum(sent.values())}, {sent['token']} of them for a token"
        placeholders = self._placeholders if self._params["redact"] else None
        return {
            **origin(self._reader),
            **_outcome(self._steps, self._capabilities),
            **({"contract": self._contract} if self._contract else {}),
            "report": ping.report_of(self._steps, facts, self._capabilities, placeholders),
            "requests": self._client.requests,
            "warnings": [
                f"{step.name}: {step.detail} {step.remedy}"
                for step in self._steps
                # That a certificate is not verified is a warning of every module.
                if step.status == WARNING and not (step.name == "tls" and self._client.connection.verify is False)
            ],
        }


def _outcome(steps: list[Step], capabilities: dict[str, Any] | None) -> dict[str, Any]:
    """Return what every result has."""
    failed = next((step for step in steps if step.status == FAILED), None)
    return {
        "changed": False,
        "ok": failed is None,
        "failed_step": failed and failed.name,
        "remedy": failed and failed.remedy,
        "steps": [step.as_result() for step in steps],
        "capabilities": capabilities,
    }


def _facts(steps: list[Step]) -> dict[str, str]:
    """Return the first lines of a report."""
    statuses = [step.status for step in steps]
    failed = next((step.name for step in steps if step.status == FAILED), "")
    warnings = statuses.count(WARNING)
    said = f"{FAILED} at {failed}" if failed else OK
    return {
        "stellar_ping": said + (f", warnings: {warnings}" if warnings else ""),
        **{name.replace("_", " "): fact for name, fact in _versions().items()},
        "time": format_time(clock_ms()),
    }


def _versions() -> dict[str, str]:
    made_by = f"{ping.COLLECTION}, ansible-core {ansible_release.__version__}, Python {sys.version.split()[0]}"
    return {"made_by": made_by, "libraries": _libraries()}


def _libraries() -> str:
    try:
        # urllib3 has it in a module that it does not export by name.
        versions = f"requests {requests.__version__}, urllib3 {urllib3.__version__}"  # type: ignore[attr-defined]
        return f"{versions}, {ssl.OPENSSL_VERSION}"
    except NameError:
        return f"no requests, {ssl.OPENSSL_VERSION}"
