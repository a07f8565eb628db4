# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one table of connection options, and what a valid connection is."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

from ansible.module_utils.basic import env_fallback

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError, printable

ENV_PREFIX = "STELLAR_"

# Described in doc_fragments/connection.py. api_version "5.0" stands for 5.0 and everything after it:
# the paths and fields of the case endpoints are the same since then (vendor docs 5.0 to 6.1).
CONNECTION: dict[str, dict[str, Any]] = {
    "host": {"type": "str"},
    "username": {"type": "str"},
    "api_key": {"type": "str", "no_log": True},
    "access_token": {"type": "str", "no_log": True},
    "auth_method": {"type": "str", "choices": ["auto", "basic", "bearer"], "default": "auto"},
    "tenant": {"type": "str"},
    "api_version": {"type": "str", "choices": ["4.3", "5.0"], "default": "5.0"},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    # Its URL may hold a password.
    "proxy": {"type": "str", "no_log": True},
    "timeout": {"type": "float", "default": 30.0},
    "retries": {"type": "int", "default": 4},
    "retry_budget": {"type": "float", "default": 120.0},
}

PROXY_USER = "User name and password in it may have characters of Latin-1 only."
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?")


def env_name(option: str) -> str:
    return ENV_PREFIX + option.upper()


def module_arguments(options: dict[str, Any]) -> dict[str, Any]:
    """The arguments of AnsibleModule(): a module's own options, and those of the connection.

    A connection option that is absent falls back to its environment variable.
    """
    connection = {name: dict(spec, fallback=(env_fallback, [env_name(name)])) for name, spec in CONNECTION.items()}
    return {**options, "argument_spec": {**connection, **options["argument_spec"]}, "supports_check_mode": True}


@dataclass(frozen=True)
class Connection:
    """Checked connection options. Secrets stay out of repr()."""

    base_url: str
    username: str
    api_key: str = field(repr=False)
    access_token: str = field(repr=False)
    auth_method: str
    tenant: str
    api_version: str
    verify: bool | str
    proxy: str = field(repr=False)
    timeout: float
    retries: int
    retry_budget: float

    @classmethod
    def from_params(cls, params: dict[str, Any]) -> Connection:
        """Check the options before anything is sent. Raises InputError."""
        username = _username(params)
        base_url = _base_url(_text(params, "host"))
        proxy = _proxy(_text(params, "proxy"))
        if proxy and base_url.startswith("http://"):
            raise _bad("proxy", "can't be used with plain http, since it would read the key", "Leave it out.")
        api_key = _header_value(params, "api_key")
        access_token = _header_value(params, "access_token")
        if not api_key and not access_token:
            raise _bad("api_key", "is missing", _where("api_key") + " Or give an access_token.")
        return cls(
            base_url=base_url,
            username=username,
            api_key=api_key,
            access_token=access_token,
            auth_method=_auth_method(params.get("auth_method") or "auto", username),
            tenant=_text(params, "tenant"),
            api_version=_text(params, "api_version") or "5.0",
            verify=_verify(params),
            proxy=proxy,
            timeout=number_option(params, "timeout", 1, 3600),
            retries=int(number_option(params, "retries", 0, 100)),
            retry_budget=number_option(params, "retry_budget", 0, 86400),
        )


def _bad(option: str, why: str, remedy: str) -> InputError:
    return InputError(f"Option {option}", why + ".", remedy)


def _where(option: str) -> str:
    return (
        f"Set it in the task or in module_defaults, or export {env_name(option)}; "
        f"a lookup does not see module_defaults, but the variable stellar_{option}."
    )


def _text(params: dict[str, Any], name: str) -> str:
    """A plain str: ansible-core's tagged and unsafe strings are subclasses that requests may refuse."""
    value = params.get(name)
    return "" if value is None else str.__str__(value).strip()


def _header_value(params: dict[str, Any], name: str) -> str:
    value = _text(params, name)
    # requests would refuse it as well, but with the value in its message.
    if not re.fullmatch(r"[\x21-\x7e]*", value):
        raise _bad(name, "holds a space, a line break or a character outside ASCII", "Copy the key again, as one word.")
    return value


def _username(params: dict[str, Any]) -> str:
    name = _text(params, "username")
    try:
        name.encode()
    except UnicodeEncodeError:  # a stray byte in the environment
        raise _bad("username", "is no text in UTF-8", "Give the account's e-mail.") from None
    return name


def _auth_method(method: str, username: str) -> str:
    if method == "auto":
        method = "basic" if username else "bearer"
    if method == "basic":
        if not username:
            raise _bad(
                "auth_method", "is basic, and username is missing", "Set username, or use bearer for a scoped key."
            )
        if ":" in username:
            raise _bad("username", "holds a colon", "Give the account's e-mail only; the key belongs in api_key.")
    return method


def _base_url(host: str) -> str:
    """https://name[:port] of a host option; plain http only to loopback."""
    example = "Give name[:port] or https://name[:port], for example myserver.stellarcyber.cloud."
    if not host:
        raise _bad("host", "is missing", f"{_where('host')} {example}")
    if not host.isprintable():  # urlsplit() would drop a line break and go on with another name
        raise _bad("host", "is no host name", example)
    try:
        parts = urlsplit(host if "://" in host else "https://" + host)
        name, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _bad("host", f"is no host name ({printable(error)})", example) from None
    if parts.scheme not in ("https", "http"):
        raise _bad("host", f"begins with {parts.scheme}://", example)
    if "@" in parts.netloc:
        raise _bad("host", "holds a user name or password", "Use username and api_key. " + example)
    if parts.path.rstrip("/") or parts.query or parts.fragment:
        raise _bad(
            "host", "holds a path or a query after the name", "The collection adds /connect/api/v1 itself. " + example
        )
    is_address = _is_address(name)
    if not is_address and not _HOST_NAME.fullmatch(name):
        raise _bad("host", "is no host name", example)
    if parts.scheme == "http" and not _is_loopback(name):
        raise _bad("host", f"asks for plain http to {name}, which would send the key in the clear", "Use https://.")
    netloc = f"[{name}]" if ":" in name else name
    return f"{parts.scheme}://{netloc}:{port}" if port else f"{parts.scheme}://{netloc}"


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(name: str) -> bool:
    return name == "localhost" or (_is_address(name) and ipaddress.ip_address(name).is_loopback)


def _verify(params: dict[str, Any]) -> bool | str:
    if params.get("validate_certs") is False:
        return False
    ca_path = _text(params, "ca_path")
    if not ca_path:
        return True
    if not os.path.exists(ca_path):
        raise _bad(
            "ca_path",
            f"names no file: {printable(ca_path)}",
            "It is read on the host that runs the task; copy it there.",
        )
    if not os.path.isdir(ca_path):
        try:
            _load_ca(ca_path, os.stat(ca_path).st_mtime_ns)
        except (ssl.SSLError, OSError) as error:
            raise _bad(
                "ca_path", f"can't be read as CA certificates ({printable(error)})", "Give a file in PEM format."
            ) from None
    return ca_path


@lru_cache(maxsize=8)
def _load_ca(path: str, _changed_at_ns: int) -> None:
    """See that a file can be loaded. Once: a bundle of all CAs takes longer than the rest of an item of a loop."""
    ssl.create_default_context(cafile=path)


def _proxy(proxy: str) -> str:
    if proxy and not is_proxy(proxy):
        example = "Give for example http://proxy.example.com:3128."
        raise _bad("proxy", "is no proxy URL", f"{example} {PROXY_USER}")
    return proxy


def is_proxy(url: str) -> bool:
    try:
        parts = urlsplit(url)
        # As requests, or the library for SOCKS, is going to encode the two
        encoding = "utf-8" if parts.scheme.startswith("socks") else "latin-1"
        unquote(f"{parts.username}:{parts.password}").encode(encoding)
        return parts.scheme in ("http", "https", "socks5", "socks5h") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def number_option(params: dict[str, Any], name: str, low: float, high: float) -> float:
    """A number within a range. Raises InputError."""
    value = params.get(name)
    number = float(CONNECTION[name]["default"] if value is None else value)
    if not low <= number <= high:
        raise _bad(name, f"is {number:g}", f"Give a number from {low:g} to {high:g}.")
    return number
