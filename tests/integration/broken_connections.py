# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ways in which a connection to the platform is broken, the step of stellar_ping that says so, and the remedy."""

from __future__ import annotations

import datetime

import trustme

from ansible_collections.stellarcyber.xdr.plugins.module_utils._http import session as session_module
from tests.integration.listeners import Authority, tls

TENANT = "Example Tenant"
TENANT_ID = "6aeb2aae7d8d4ef0820136f42d107db4"
LOGIN_PAGE = "<html><title>Sign in to the portal of Example Corp</title></html>"
YESTERDAY = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
TOMORROW = YESTERDAY + datetime.timedelta(days=2)
NEXT_YEAR = YESTERDAY + datetime.timedelta(days=365)


class Broken:
    """Breaks the connection of a ping in one way, and gives the options with which the task would be run."""

    def __init__(self, sim, listen, authority, monkeypatch):
        self.sim, self.listen, self.authority, self.monkeypatch = sim, listen, authority, monkeypatch

    def certificate(self, *names, issuer=None, **details):
        """A server with a certificate of the authority that the task trusts, or of another issuer."""
        server = self.listen(tls((issuer or self.authority).context(*names, **details)))
        return {"host": server.host, "ca_path": self.authority.path}

    def stranger(self):
        return self.certificate("127.0.0.1", issuer=Authority(trustme.CA(), ""))

    def plain(self):
        return {"host": self.listen(lambda _self, it: it.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")).host}

    def proxy(self, answer):
        return {"proxy": f"http://{self.listen(lambda _self, it: (it.recv(9999), it.sendall(answer))).host}"}

    def fault(self, kind, path, **more):
        self.sim.fault(kind, path=path, times=0, **more)
        return {}

    def switch(self, **values):
        self.sim.switch(**values)
        return {}

    def environment(self, **values):
        for name, value in values.items():
            self.monkeypatch.setenv(name, value)
        return {}

    def expired_token(self):
        self.sim.advance(601)
        return {"username": None, "api_key": None, "access_token": self.sim.tokens()[0]}

    def no_library(self):
        self.monkeypatch.setattr(session_module, "requests", None)
        return {}


HTML = {"status": 404, "body": LOGIN_PAGE}
CLOSED = "127.0.0.1:1"
# What is broken: (how, the step that says so, what it says, the remedy, what follows from that remedy). The last is the
# options of another run, which succeeds; None where the remedy is not about the task's options.
BROKEN = {
    "no host": (lambda b: {"host": None}, "options", "host is required", "Set it in the task", {}),
    "no key": (lambda b: {"api_key": None}, "options", "api_key is required", "Set it in the task", {}),
    "no file of CAs": (
        lambda b: {"ca_path": "/nowhere/ca.pem"}, "options", "does not exist: /nowhere/ca.pem", "copy it there", {},
    ),
    "a file that has no CA": (lambda b: {"ca_path": __file__}, "options", "can't be read as CA", "in PEM format", {}),
    "key with plain http": (
        lambda b: {"host": "http://myserver.example.com"}, "options", "plain http", "Use https://.", {},
    ),
    "legacy key without an account": (
        lambda b: {"username": None, "auth_method": "basic"}, "options", "requires username", "Set username", {},
    ),
    "a number out of range": (lambda b: {"attempts": 0}, "options", "must be from 1 to 20, got 0", "Correct", {}),
    "a bad proxy in the environment": (
        lambda b: b.environment(HTTPS_PROXY="http://:3128"), "options", "is not a valid proxy URL",
        "Correct HTTPS_PROXY", {},
    ),
    "no library": (lambda b: b.no_library(), "library", "Failed to import the required Python", "pip install", None),
    "a name that is not known": (
        lambda b: {"host": "no-such-host.invalid"}, "name", "no-such-host.invalid", "Check the spelling of host", {},
    ),
    "nobody listens": (lambda b: {"host": CLOSED}, "tcp", "Connection refused", "Check host and port", {}),
    "the port speaks no TLS": (
        lambda b: b.plain(), "tls", "the TLS connection was closed", "Check that the port speaks TLS", {},
    ),
    "a certificate that expired": (
        lambda b: b.certificate("127.0.0.1", not_after=YESTERDAY), "tls", "has expired", "Renew the platform's", None,
    ),
    "a certificate that is not valid yet": (
        lambda b: b.certificate("127.0.0.1", not_before=TOMORROW, not_after=NEXT_YEAR), "tls", "not yet valid",
        "correct the clock", None,
    ),
    "a certificate of another name": (
        lambda b: b.certificate("myserver.example.com"), "tls", "The certificate is for myserver.example.com.",
        "set host to the name in the certificate", {},
    ),
    "a certificate of an unknown CA": (
        lambda b: b.stranger(), "tls", "certificate verify failed", "set ca_path to the file of its CA", {},
    ),
    "no ca_path for a private CA": (
        lambda b: {"ca_path": None}, "tls", "The CA certificates are those of ", "set ca_path to that CA's file", {},
    ),
    "no proxy there": (
        lambda b: {"proxy": f"http://{CLOSED}"}, "proxy", "the proxy 127.0.0.1:1 did not connect", "Check proxy", {},
    ),
    "a proxy that wants a password": (
        lambda b: b.proxy(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"), "proxy", "407 Proxy Authentication",
        "Check the user name and the password in the proxy's URL", {},
    ),
    "a proxy that can't reach the platform": (
        lambda b: b.proxy(b"HTTP/1.1 502 Bad Gateway\r\n\r\n"), "proxy", "Tunnel connection failed: 502",
        "Check proxy", {},
    ),
    "a wrong key": (lambda b: {"api_key": "wrong"}, "token", "the platform refused api_key", "Check username", {}),
    "a scoped key as a legacy key": (
        lambda b: {"api_key": b.sim.scoped_key}, "token", "sent as a legacy key", "leave username out",
        lambda sim: {"username": None, "api_key": sim.scoped_key},
    ),
    "a legacy key as a scoped key": (
        lambda b: {"username": None}, "token", "sent as a scoped key", "set username to the account's e-mail", {},
    ),
    "a key that a policy refuses": (
        lambda b: b.switch(token_status=403), "token", "HTTP 403", "refuses this key by a policy", None,
    ),
    "no API at this address": (
        lambda b: b.fault("status", "*", **HTML), "token", "HTTP 404", "Set host to the platform's own name", None,
    ),
    "a login page": (lambda b: b.fault("html", "*"), "token", "is not JSON", "check host and proxy", None),
    "a redirect": (
        lambda b: b.fault("redirect", "*", location="https://portal.example.com/login"), "token",
        "HTTP 302 redirects to https://portal.example.com", "Set host to the platform's own name", None,
    ),
    "a token that expired": (
        lambda b: b.expired_token(), "read", "HTTP 401", "Get a new one, or set api_key", {},
    ),
    "no permission": (
        lambda b: b.fault("status", "/cases", status=403), "read", "HTTP 403", "check the account's role", None,
    ),
    "a release without this path": (
        lambda b: b.fault("status", "/cases", **HTML), "read", "HTTP 404", "version is 5.0.4 or later", None,
    ),
    "an answer of another server": (
        lambda b: b.fault("wrong_shape", "/cases", body={"ok": 1}), "read", "does not contain a list of cases",
        "Check that host is the platform", None,
    ),
    "too many requests": (
        lambda b: b.fault("status", "/cases", status=429), "read", "HTTP 429", "asks to slow down", None,
    ),
    "a platform that failed": (
        lambda b: b.fault("status", "/cases", status=500), "read", "HTTP 500", "Check the platform's health", None,
    ),
    "no answer in time": (
        lambda b: {**b.fault("stall", "/cases"), "timeout": 1}, "read", "no complete answer in time", "raise timeout",
        None,
    ),
    "a lost connection": (
        lambda b: b.fault("drop_before", "/cases"), "read", "no answer: ", "a firewall or a proxy", None,
    ),
    "an unknown tenant": (
        lambda b: {"tenant": "Exampel"}, "tenant", "it is none of the", "Check the spelling", {"tenant": TENANT},
    ),
    "a tenant of another key": (
        lambda b: {**b.fault("status", "/cases", status=403, query={"tenantid": "*"}), "tenant": TENANT_ID}, "tenant",
        "HTTP 403", "The tenant is not in the key's scope", None,
    ),
    "a key that can't read the tenants": (
        lambda b: {**b.switch(tenants_status=403), "tenant": TENANT}, "tenant", "this key can't read the tenants",
        "Give the tenant's id", {"tenant": TENANT_ID},
    ),
}  # fmt: skip
