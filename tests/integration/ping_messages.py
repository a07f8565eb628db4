# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The messages of stellar_ping in docs/errors.md, and what provokes each: for test_doc_messages.py."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import trustme

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.ping import PING
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import StellarError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http import session as session_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.ping import explained, run_ping
from tests.integration.listeners import Authority, Listener, tls

# So that the warning is the only one
NEAR = {"fail_on": "never", "skip": ["token", "read", "tenant", "capabilities"]}
EXPIRED = jwt.encode({"exp": 1_000_000_000}, "x" * 32, algorithm="HS256")


def ping(provoke: Any, **options: Any) -> str:
    def run(params: dict[str, Any], **more: Any) -> dict[str, Any]:
        try:
            return run_ping(params, **more)
        except StellarError as error:
            raise explained(error) from None

    message: str = provoke.message(run, PING, options)
    return message


def certificate(provoke: Any, name: str, trusted: bool, not_after: datetime | None = None) -> dict[str, str]:
    """The connection of a server with a certificate for a name, of a CA that the task trusts, or another."""
    ca, path = trustme.CA(), provoke.directory / "ca.pem"
    (ca if trusted else trustme.CA()).cert_pem.write_to_path(path)
    server = Listener(tls(Authority(ca, str(path)).context(name, not_after=not_after)))
    return {"host": server.host, "ca_path": str(path)}


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(days=5)


def without_requests(provoke: Any) -> str:
    provoke.monkeypatch.setattr(session_module, "requests", None)
    provoke.monkeypatch.setattr(session_module, "REQUESTS_IMPORT_ERROR", "ImportError: none", raising=False)
    return ping(provoke)


CONTRACT: dict[str, Any] = {"contract_dir": "/nowhere"}


def task(provoke: Any, options: dict[str, Any], **keywords: Any) -> str:
    """The message of a task, whose action writes the files."""
    message: str = provoke.ansible({"stellarcyber.xdr.stellar_ping": options, **keywords})
    return message


PING_MESSAGES: dict[str, Callable[[Any], str]] = {
    "options: …": lambda p: ping(p, attempts=0),
    "options: contract_dir: can't write files in …: …": lambda p: task(p, {"contract_dir": __file__}),
    "options: contract_dir: can't be combined with async. …": lambda p: task(p, CONTRACT, **{"async": 9}),
    "options: contract_dir is empty. …": lambda p: ping(p, contract_dir=" "),
    "options: skip can't be combined with contract_dir for the step …. …": (
        lambda p: ping(p, skip=["read"], **CONTRACT)
    ),
    "library: …": without_requests,
    "name: Could not find the address of …: …": lambda p: ping(p, host="no-such-host.invalid"),
    "proxy: Could not connect to …: the proxy … did not connect: …": lambda p: ping(p, proxy="http://127.0.0.1:1"),
    "tcp: Could not connect to …: …": lambda p: ping(p, host="127.0.0.1:1"),
    "tls: Could not connect to …: TLS failed, so nothing was sent: … The certificate is for …": (
        lambda p: ping(p, **certificate(p, "myserver.example.com", trusted=True))
    ),
    "tls: Could not connect to …: TLS failed, so nothing was sent: … The CA certificates are those of …": (
        lambda p: ping(p, **certificate(p, "127.0.0.1", trusted=False))
    ),
    "token: … The platform's API is not at this address. …": lambda p: ping(p.faulty("html", status=404)),
    "token: … The platform refuses this key by a policy: …": lambda p: ping(p.switched(token_status=403)),
    "tenant: … The tenant is not in the key's scope, …": (
        lambda p: ping(p.faulty("status", status=403, path="*/cases", query={"tenantid": "*"}), tenant="Example Tenant")
    ),
    "…: … of … attempts failed: …": lambda p: ping(p.faulty("status", status=503, path="*/cases"), attempts=2),
    "tls: … expires … in … days. …": lambda p: ping(p, **certificate(p, "127.0.0.1", True, soon()), **NEAR),
    "key: … looks like a scoped key. …": lambda p: ping(p, api_key=p.sim.scoped_key, **NEAR),
    "key: …, expired …": lambda p: ping(p, api_key=None, access_token=EXPIRED, **NEAR),
    "read: Could not use … of the platform's list of cases: …": lambda p: ping(p.switched(odd_record="bad_status")),
    "clock: The platform's clock is … (h:mm:ss) … the clock of this machine. …": (
        lambda p: ping(p.switched(clock_offset_s=7200))
    ),
    "tenant: The platform ignores the filter by tenant …": (
        lambda p: ping(p.switched(tenant_parameters=[]), tenant="Example Tenant")
    ),
    "capabilities: The platform did not answer a request. …": (
        lambda p: ping(p.faulty("stall", path="*/users"), timeout=1)
    ),
    "contract: The platform did not answer a request. …": (
        lambda p: ping(p.faulty("stall", path="*/summary", times=0), timeout=1, retries=0, **CONTRACT)
    ),
}
