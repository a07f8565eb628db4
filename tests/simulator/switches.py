# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that the platform's documentation leaves open, and everything that differs by release, as switches.

A profile (a platform generation) is nothing but a set of defaults for these switches. switch_table.py has them all;
the README prints the table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .switch_table import DEFAULT_PROFILE, PROFILES, TABLE

__all__ = ["BY_NAME", "DEFAULT_PROFILE", "PROFILES", "TABLE", "Switches", "markdown_table", "parse_assignment"]

BY_NAME = {switch.name: switch for switch in TABLE}


class Switches:
    """The values in force, read as attributes."""

    def __init__(self, profile: str, given: dict[str, Any] | None = None) -> None:
        self.profile = profile
        self._given = dict(given or {})
        self._values: dict[str, Any] = {}
        self.on_change: Callable[[], None] = lambda: None
        self.reset()

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_values"][name]
        except KeyError:
            raise AttributeError(name) from None

    def all(self) -> dict[str, Any]:
        return dict(self._values)

    def set(self, values: dict[str, Any]) -> None:
        """Set all of the values, or none."""
        unknown = sorted(set(values) - set(BY_NAME))
        if unknown:
            raise ValueError(f"unknown switch: {', '.join(unknown)}")
        self._values.update({name: BY_NAME[name].check(value) for name, value in values.items()})
        self.on_change()

    def reset(self) -> None:
        self._values = {switch.name: switch.default_for(self.profile) for switch in TABLE}
        self.set(self._given)


def parse_assignment(text: str) -> tuple[str, Any]:
    """Read NAME=VALUE of the command line."""
    name, equals, value = text.partition("=")
    if not equals or name not in BY_NAME:
        raise ValueError(f"unknown switch: {name}" if equals else f"a switch is set as NAME=VALUE, not {text!r}")
    return name, BY_NAME[name].parse(value)


def markdown_table() -> str:
    """Make the table that stands in the README; a test compares the two."""
    lines = ["| switch | type | default | section | meaning |", "| --- | --- | --- | --- | --- |"]
    for switch in TABLE:
        default = _shown(switch.default)
        default += "".join(f"; {profile}: {_shown(value)}" for profile, value in switch.profiles.items())
        kind = switch.type_name.replace("|", " \\| ")
        lines.append(f"| `{switch.name}` | {kind} | {default} | {switch.section} | {switch.doc} |")
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "two of the sample's tenants" if any(len(item) == 32 for item in value) else ", ".join(value) or "none"
    return str(value)
