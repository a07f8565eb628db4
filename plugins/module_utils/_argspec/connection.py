# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection options: their one table, their checks, and the connection that they make."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from functools import lru_cache
from typing import Any, Callable
from urllib.parse import urlsplit

from ansible.module_utils.errors import AnsibleFallbackNotFound
from ansible.module_utils.parsing.convert_bool import boolean

from .._errors import OptionError, printable
from .._http.connection import PROXY_USER, Connection, is_proxy
from .._model.plain import as_number, as_whole

VARIABLE_PREFIX, ENV_PREFIX = "stellar_", "STELLAR_"

# Described in doc_fragments/_connection.py. There is none for the platform's version: the paths and fields of the case
# endpoints are the same since 5.0 (vendor docs 5.0 to 6.1).
CONNECTION: dict[str, dict[str, Any]] = {
    "host": {"type": "str"},
    "username": {"type": "str"},
    "api_key": {"type": "str", "no_log": True},
    "access_token": {"type": "str", "no_log": True},
    "auth_method": {"type": "str", "choices": ["auto", "basic", "bearer"], "default": "auto"},
    "tenant": {"type": "str"},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    # Its URL may contain a password.
    "proxy": {"type": "str", "no_log": True},
    "timeout": {"type": "float"},
    "retries": {"type": "int", "default": 4},
    "retry_budget": {"type": "float", "default": 120.0},
}
# Options that limit or protect a run, with the remedy for an empty value. An empty value is an error: without the
# option the run would use another platform, all tenants, or no check. The others only tune, and an empty field of a
# survey leaves them at their default.
PROTECTS = {
    "host": "Give the platform's name, or leave the option out where another source has it.",
    "username": "Give the account's e-mail, or leave the option out for a scoped key.",
    "api_key": "Give the key, or leave the option out where another source has it.",
    "access_token": "Give the token, or leave the option out.",
    "tenant": "Give a tenant's name or id, or leave the option out to work on all tenants.",
    "validate_certs": "Give true or false, or leave the option out: certificates are verified then.",
    "ca_path": "Give the path of the CA certificates, or leave the option out.",
}
# Seconds where timeout is not set; the second for lists, of which some platforms take 60 to 90 s
TIMEOUT_S, LIST_TIMEOUT_S = 30.0, 90.0
RANGES = {"timeout": (1, 3600), "retries": (0, 100), "retry_budget": (0, 86400)}

_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?")


def env_name(option: str) -> str:
    """Return the environment variable of an option."""
    return ENV_PREFIX + option.upper()


def variable_name(option: str) -> str:
    """Return the Ansible variable of an option."""
    return VARIABLE_PREFIX + option


class Environment:
    """The fallbacks of the connection options to the environment, for one module's arguments.

    sources: of each option whose environment variable was taken or rejected, that variable, in words.
    """

    def __init__(self) -> None:
        self.sources: dict[str, str] = {}
        self._error: OptionError | None = None

    def __call__(self, option: str) -> Any:
        """Return an option's value, or raise AnsibleFallbackNotFound. Ansible asks only for options that are absent."""
        text = os.environ.get(env_name(option), "")
        if not text:
            # AWX and CI products leave a variable out by setting it to an empty text.
            raise AnsibleFallbackNotFound
        source = f"the environment variable {env_name(option)}"
        try:
            value = option_value(option, text, source)
        except OptionError as error:
            # Raised here, it would end the module with a traceback.
            self._error = self._error or error
            self.sources[option] = source
            raise AnsibleFallbackNotFound from None
        if value is None:
            raise AnsibleFallbackNotFound
        self.sources[option] = source
        return value

    def check(self) -> None:
        """Raise the OptionError of the first variable that was needed and can't be used."""
        if self._error is not None:
            raise self._error


def module_arguments(options: dict[str, Any], environment: Environment) -> dict[str, Any]:
    """Return the arguments of AnsibleModule() or ArgumentSpecValidator(): a module's options and the connection's."""
    connection = {name: dict(spec, fallback=(environment, [name])) for name, spec in CONNECTION.items()}
    return {**options, "argument_spec": {**connection, **options["argument_spec"]}}


def option_value(option: str, value: Any, source: str) -> Any:
    """Return a value that was given for a connection option in the option's type; None if it counts as absent.

    source: where it was given, in words. Raises OptionError.
    """
    try:
        if value is None or (isinstance(value, str) and not value.strip()):
            if option not in PROTECTS:
                return None
            why = "has no value" if value is None else "contains only spaces" if value else "is empty"
            raise OptionError(option, why, PROTECTS[option])
        value = _TYPES[CONNECTION[option]["type"]](option, value)
        if option in _CHECKS:
            _CHECKS[option](value)
        return value
    except OptionError as error:
        raise error.given_by(source) from None


def _bool_value(option: str, value: Any) -> bool:
    # One by one, since boolean() without strict makes false of any word.
    try:
        return bool(boolean(value, strict=True))
    except TypeError:
        raise OptionError(option, f"must be true or false, got {_shown(option, value)}", PROTECTS[option]) from None


def _str_value(option: str, value: Any) -> str:
    spec = CONNECTION[option]
    if isinstance(value, str):
        # ansible-core's tagged and unsafe strings are subclasses that requests may refuse.
        text = str.__str__(value).strip()
    else:
        remedy = "Put it in quotes." if isinstance(value, (bool, int, float)) else "Give one value."
        raise OptionError(option, f"must be a string, got {_shown(option, value)}", remedy)
    if "choices" in spec and text not in spec["choices"]:
        allowed = ", ".join(spec["choices"])
        raise OptionError(option, f"must be one of {allowed}, got {_shown(option, text)}", "Correct the value.")
    return text


def _number_value(option: str, value: Any) -> float:
    whole = CONNECTION[option]["type"] == "int"
    number = as_whole(value) if whole else as_number(value)
    low, high = RANGES[option]
    if number is None:
        kind = "a whole number" if whole else "a number"
        raise OptionError(option, f"must be {kind}, got {_shown(option, value)}", f"Give one from {low} to {high}.")
    return in_range(option, number, low, high)


def _shown(option: str, value: Any) -> str:
    """Return how a message shows a value, which may be a secret."""
    return "another type" if CONNECTION[option].get("no_log") else repr(printable(value, 60))


_TYPES: dict[str, Callable[[str, Any], Any]] = {
    "str": _str_value,
    "path": _str_value,
    "bool": _bool_value,
    "int": _number_value,
    "float": _number_value,
}


def connection_of(params: dict[str, Any]) -> Connection:
    """Return the connection of checked options. Raises OptionError before anything is sent."""
    username = _username(_text(params, "username"))
    base_url = _base_url(_text(params, "host"))
    proxy = _proxy(_text(params, "proxy"))
    if proxy and base_url.startswith("http://"):
        raise OptionError("proxy", "can't be used with plain http, since it would read the key", "Leave it out.")
    api_key = _header_value("api_key", _text(params, "api_key"))
    access_token = _header_value("access_token", _text(params, "access_token"))
    if not api_key and not access_token:
        raise OptionError("api_key", "is required", _where("api_key") + " Or give an access_token.")
    return Connection(
        base_url=base_url,
        username=username,
        api_key=api_key,
        access_token=access_token,
        auth_method=_auth_method(params.get("auth_method") or "auto", username),
        tenant=_text(params, "tenant"),
        verify=_verify(params),
        proxy=proxy,
        timeout=_number(params, "timeout", TIMEOUT_S),
        list_timeout=_number(params, "timeout", LIST_TIMEOUT_S),
        retries=int(_number(params, "retries")),
        retry_budget=_number(params, "retry_budget"),
    )


def _where(option: str) -> str:
    return (
        f"Set it in the task, as the variable {variable_name(option)}, or in module_defaults, which a lookup does not "
        f"see; or export {env_name(option)}."
    )


def _text(params: dict[str, Any], name: str) -> str:
    """Return a plain str: ansible-core's tagged and unsafe strings are subclasses that requests may refuse."""
    value = params.get(name)
    return "" if value is None else str.__str__(value).strip()


def _header_value(name: str, value: str) -> str:
    # requests would refuse it as well, but with the value in its message.
    if not re.fullmatch(r"[\x21-\x7e]*", value):
        why = "contains a space, a line break or a character outside ASCII"
        raise OptionError(name, why, "Copy the key again, as one word.")
    return value


def _username(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:  # a stray byte in the environment
        raise OptionError("username", "is not valid UTF-8", "Give the account's e-mail.") from None
    return name


def _auth_method(method: str, username: str) -> str:
    if method == "auto":
        method = "basic" if username else "bearer"
    if method == "basic":
        if not username:
            raise OptionError(
                "auth_method", "is basic, which requires username", "Set username, or use bearer for a scoped key."
            )
        if ":" in username:
            raise OptionError(
                "username", "contains a colon", "Give the account's e-mail only; the key belongs in api_key."
            )
    return method


def _base_url(host: str) -> str:
    """Return https://name[:port] of a host option; http:// only for loopback."""
    example = "Give name[:port] or https://name[:port], for example myserver.stellarcyber.cloud."
    if not host:
        raise OptionError("host", "is required", f"{_where('host')} {example}")
    if not host.isprintable():  # urlsplit() would drop a line break and go on with another name
        raise OptionError("host", "is not a valid host name", example)
    try:
        parts = urlsplit(host if "://" in host else "https://" + host)
        name, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise OptionError("host", f"is not a valid host name ({printable(error)})", example) from None
    if parts.scheme not in ("https", "http"):
        raise OptionError("host", f"must use https://, got {parts.scheme}://", example)
    if "@" in parts.netloc:
        raise OptionError("host", "contains a user name or password", "Use username and api_key. " + example)
    if parts.path.rstrip("/") or parts.query or parts.fragment:
        raise OptionError(
            "host", "contains a path or a query", "The collection adds /connect/api/v1 itself. " + example
        )
    is_address = _is_address(name)
    if not is_address and not _HOST_NAME.fullmatch(name):
        raise OptionError("host", "is not a valid host name", example)
    if parts.scheme == "http" and not _is_loopback(name):
        raise OptionError("host", f"uses plain http to {name}, which would send the key in clear text", "Use https://.")
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
    if params.get("ca_path") is None:
        return True
    if not ca_path:  # a variable of the environment in it, which Ansible puts in, may be empty
        raise OptionError("ca_path", "is empty", PROTECTS["ca_path"])
    if not os.path.exists(ca_path):
        raise OptionError(
            "ca_path",
            f"does not exist: {printable(ca_path)}",
            "It is read on the host that runs the task; copy it there.",
        )
    if not os.path.isdir(ca_path):
        try:
            _load_ca(ca_path, os.stat(ca_path).st_mtime_ns)
        except (ssl.SSLError, OSError) as error:
            raise OptionError(
                "ca_path", f"can't be read as CA certificates ({printable(error)})", "Give a file in PEM format."
            ) from None
    return ca_path


@lru_cache(maxsize=8)
def _load_ca(path: str, _changed_at_ns: int) -> None:
    """Check once that a file can be loaded: a bundle of all CAs takes longer than the rest of an item of a loop."""
    ssl.create_default_context(cafile=path)


def _proxy(proxy: str) -> str:
    if proxy and not is_proxy(proxy):
        example = "Give for example http://proxy.example.com:3128."
        raise OptionError("proxy", "is not a valid proxy URL", f"{example} {PROXY_USER}")
    return proxy


def in_range(option: str, number: float, low: float, high: float) -> float:
    """Return a number that is within a range. Raises OptionError."""
    if not low <= number <= high:
        limits = f"{low:.10g} to {high:.10g}"
        raise OptionError(option, f"must be from {limits}, got {number:.10g}", "Correct the value.")
    return number


def _number(params: dict[str, Any], name: str, default: float | None = None) -> float:
    """Return an option's number, else the default, which is by default that of the table."""
    value = params.get(name)
    if value is None:
        value = CONNECTION[name]["default"] if default is None else default
    return in_range(name, float(value), *RANGES[name])


# The checks of one option's value alone, from whatever source
_CHECKS: dict[str, Callable[[Any], Any]] = {
    "host": _base_url,
    "username": _username,
    "api_key": lambda value: _header_value("api_key", value),
    "access_token": lambda value: _header_value("access_token", value),
    "proxy": _proxy,
}
