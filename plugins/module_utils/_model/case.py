# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The case model: the values of its fields, and their labels."""

from __future__ import annotations

import re
from typing import Any, Iterable, Mapping

from .._errors import printable
from .plain import as_number
from .times import SMALLEST_MS, platform_time

# Vendor docs 5.2; Escalated is in use by the vendor's own clients since 2024.
STATUSES = ("New", "In Progress", "Escalated", "Resolved", "Cancelled")
CLOSED_STATUSES = ("Resolved", "Cancelled")
SEVERITIES = ("Critical", "High", "Medium", "Low")
# Vendor library 2025-07; sent together with status Resolved only.
RESOLUTIONS = ("False Positive", "Benign", "True Positive")

# The two known forms have 24 and 48 hex digits; others are let through, but never a path.
_CASE_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_HEX_ID = re.compile(r"[0-9a-f]{32}")


def is_case_id(text: str) -> bool:
    return _CASE_ID.fullmatch(text) is not None


def is_platform_id(text: str) -> bool:
    """Return True for the form that ids of users and tenants have."""
    return _HEX_ID.fullmatch(text.lower()) is not None


# What the engine compares, and its types; a field that is absent or null is let pass.
_TEXTS = (
    *("status", "severity", "name", "resolution", "description", "assignee", "assignee_name"),
    *("modified_by", "modified_by_name", "cust_id", "tenant_name"),
)


# Fields of other types. Some platforms show them in other forms: see platform_time() and as_number().
_TIMES = ("created_at", "modified_at", "closed", "acknowledged", "start_timestamp", "end_timestamp")
_NUMBERS = ("score", "size", "ticket_id", "version")


def is_case(record: Any) -> bool:
    """Return True for an object of the shape of a case. Its id becomes part of a path."""
    return not why_not_case(record)


def why_not_case(record: Any) -> str:
    """Return what is odd about a record that should be a case, as in "status must be a string, got 7"; or ''."""
    if not isinstance(record, dict):
        return f"must be an object, got {shown(record)}"
    case_id = record.get("_id")
    if not isinstance(case_id, str) or not is_case_id(case_id):
        return f"_id must have only letters, digits, - and _, got {shown(case_id)}"
    for name in _TEXTS:
        if not isinstance(record.get(name), (str, type(None))):
            return f"{name} must be a string, got {shown(record[name])}"
    held_tags = record.get("tags") or []
    if not isinstance(held_tags, list) or not all(isinstance(tag, str) for tag in held_tags):
        return f"tags must be a list of strings, got {shown(held_tags)}"
    return ""


def why_not_usable(case: dict[str, Any], needs: Iterable[str]) -> str:
    """Return why a field that a run needs can't be used, or ''. A field that is null is one without a value."""
    for name in needs:
        if name not in case:
            return f"{name} is absent"
        value = case[name]
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if value is not None and not is_number and name in (*_TIMES, *_NUMBERS):
            return f"{name} is not a valid {'time' if name in _TIMES else 'number'}, got {shown(value)}"
    return ""


def shown(value: Any) -> str:
    """Return how a message shows a value of a record."""
    return "null" if value is None else printable(repr(value) if isinstance(value, str) else value, 60)


def normalise(case: dict[str, Any]) -> dict[str, Any]:
    """Make times epoch ms, and numbers of texts, where it is sure what they mean; return the same case.

    modified_at in whole seconds becomes the last ms of its second, so that no change before it seems to come after it.
    """
    for name in _TIMES:
        value = case.get(name)
        if isinstance(value, bool) or value is None or (isinstance(value, int) and not 0 < value < SMALLEST_MS):
            continue
        moment_ms = platform_time(value, latest=name == "modified_at")
        if moment_ms is not None:
            case[name] = moment_ms
    for name in _NUMBERS:
        if isinstance(case.get(name), str):
            number = as_number(case[name])
            case[name] = case[name] if number is None else number
    return case


def severity(case: dict[str, Any]) -> str:
    return case.get("severity") or ""


def tags(case: dict[str, Any]) -> list[str]:
    return list(case.get("tags") or [])


def modified_at(case: dict[str, Any]) -> int | None:
    """Return when a case was changed last, in ms; None if the platform does not say so."""
    return moment(case, "modified_at")


def moment(record: Mapping[str, Any], name: str) -> int | None:
    """Return a time of a case, a comment or an entry of a history in ms; None if it is not a number."""
    value = record.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def label(case: dict[str, Any]) -> str:
    """Return a case's name in messages: both of its numbers."""
    return f"case {case['_id']} (ticket {printable(case.get('ticket_id'), 20)})"


def tenant_label(case: dict[str, Any]) -> str:
    return printable(case.get("tenant_name") or case.get("cust_id") or "(no tenant)", 60)


def tag_problem(tag: str) -> str:
    """Return why no option can give this tag as it is, or ''."""
    if not tag.strip():
        return "is empty"
    if "," in tag:
        return "contains a comma, which separates tags in a query of the platform"
    if not tag.isprintable():
        return "contains a control character"
    if tag != tag.strip():
        # The platform may have such a one. No option can give it, since options strip their tags.
        return "has leading or trailing spaces"
    return ""


def assignee_label(case: dict[str, Any]) -> str:
    assignee = case.get("assignee") or ""
    return (case.get("assignee_name") or assignee) if assignee else ""
