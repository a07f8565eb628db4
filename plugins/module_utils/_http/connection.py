# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection: the platform's address, the keys to it, and the limits of each request."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

PROXY_USER = "Its user name and password may contain only Latin-1 characters."


@dataclass(frozen=True)
class Connection:
    """Checked connection options. Secrets stay out of repr().

    timeout, list_timeout: seconds for one attempt of an API request, and of one that lists cases or alerts.
    """

    base_url: str
    username: str
    api_key: str = field(repr=False)
    access_token: str = field(repr=False)
    auth_method: str
    tenant: str
    verify: bool | str
    proxy: str = field(repr=False)
    timeout: float
    retries: int
    retry_budget: float
    list_timeout: float = 90.0

    @property
    def platform(self) -> str:
        """Return host[:port], the name of the platform in results, without the default port of https."""
        return platform_name(self.base_url)


def platform_name(url: str) -> str:
    """Return name[:port] of a host option, or of the platform of an earlier result. Raises ValueError."""
    parts = urlsplit(url if "://" in url else "https://" + url)
    name, port = (parts.hostname or "").rstrip("."), parts.port
    name = f"[{name}]" if ":" in name else name
    return name if port in (None, 443) and parts.scheme == "https" else f"{name}:{port or 80}"


def is_same_platform(one: str, other: str) -> bool:
    """Return whether two names mean the same platform; False for a name that is not valid."""
    try:
        return platform_name(one.lower()) == platform_name(other.lower())
    except ValueError:
        return False


def is_proxy(url: str) -> bool:
    try:
        parts = urlsplit(url)
        # The encoding that requests, or the library for SOCKS, uses for both
        encoding = "utf-8" if parts.scheme.startswith("socks") else "latin-1"
        unquote(f"{parts.username}:{parts.password}").encode(encoding)
        return parts.scheme in ("http", "https", "socks5", "socks5h") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
