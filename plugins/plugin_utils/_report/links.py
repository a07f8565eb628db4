# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The address of a case in the platform's user interface, by a pattern of the user.

No document of the vendor has that address, so there is no pattern by default.
"""

from __future__ import annotations

import re
from string import Formatter
from typing import Mapping
from urllib.parse import quote

FIELDS = ("platform", "case_id", "ticket_id")
# The host, with its port, may be {platform}. The path may have all fields.
_PATTERN = re.compile(r"https://(\{platform\}|[A-Za-z0-9.-]+)(:[0-9]{1,5})?(/[!#-;=?-\[\]_a-z{}~]*)?")


def problem_of(pattern: str) -> str:
    """Return what is wrong with a pattern of addresses, or ''."""
    if not pattern.startswith("https://"):
        return "must begin with https://"
    if not _PATTERN.fullmatch(pattern):
        return "must be https://, a host or {platform}, and a path without spaces and quotes"
    try:
        parts = [(name, spec, conversion) for _text, name, spec, conversion in Formatter().parse(pattern)]
    except ValueError:
        return "has braces that do not match"
    names = [name for name, _spec, _conversion in parts if name is not None]
    if any(name not in FIELDS or spec or conversion for name, spec, conversion in parts if name is not None):
        return f"can have {', '.join(FIELDS)} in braces only"
    return "" if {"case_id", "ticket_id"} & set(names) else "needs {case_id} or {ticket_id}"


def address(pattern: str, values: Mapping[str, str]) -> str:
    """Return the address of a case, or '' without a value that the pattern needs. pattern: checked."""
    # A value that is dots alone would leave its place in the path.
    if any(f"{{{name}}}" in pattern and not values[name].strip(".") for name in FIELDS):
        return ""
    return pattern.format(
        platform=quote(values["platform"], safe=":[]"),
        **{name: quoted(values[name]) for name in ("case_id", "ticket_id")},
    )


def quoted(value: str) -> str:
    """Return a text as a part of an address, which no character of it can end."""
    return quote(value, safe="", errors="replace")
