# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of options before Ansible's validator: of values that it would accept, convert or fail on."""

from __future__ import annotations

from typing import Any, Callable

from ansible.module_utils.parsing.convert_bool import boolean

from .._errors import InputError, printable
from .._model.plain import as_number, as_whole

# Without it, what others changed since the case was read would be overwritten.
NEVER_NULL = ("if_unmodified_since",)


def shaped(given: dict[Any, Any], known: dict[str, dict[str, Any]], path: str = "") -> dict[str, Any]:
    """Return options for Ansible's validator, without values that it would accept or fail on. Raises InputError.

    It fails on a number that is given for a dictionary, and converts a string to one, without a check of its values.
    It converts a list that is given for a string to a string, which as a regular expression matches nearly anything.
    It converts a null in a list to an empty string, which would mean "unassigned". It treats null as an absent option,
    so that a condition without a value, such as that of an unset variable, would match every case. Elsewhere null is
    left out here, since Ansible leaves it out only for options without choices.
    Its release decides which strings are numbers, and whether 3.0 is a whole number.
    """
    result: dict[str, Any] = {}
    aliases = {alias: name for name, spec in known.items() for alias in spec.get("aliases", ())}
    for given_name, value in given.items():
        option = f"Option {printable(f'{path}{given_name}', 100)}"
        name = aliases.get(given_name, given_name)
        if name != given_name and name in given:
            raise InputError(option, f"is an alias of {name}, which is given too.", "Give one of them.")
        if name not in known:
            raise InputError(option, "is unknown.", f"Valid keys are {', '.join(known)}.")
        spec = known[name]
        if value is None and (path.startswith("match.") or name in NEVER_NULL):
            raise InputError(option, "has no value.", "Leave it out, or give a value.")
        if value is None:
            continue
        if "options" in spec:
            if not isinstance(value, dict):
                got = "a list" if isinstance(value, list) else repr(printable(value, 60))
                keys = ", ".join(spec["options"])
                raise InputError(option, f"must be a dictionary, got {got}.", f"Valid keys are {keys}.")
            result[name] = shaped(value, spec["options"], f"{path}{name}.")
        elif spec.get("elements", "str") != "str":
            result[name] = value
        else:
            result[name] = _SHAPES[spec["type"]](option, value)
    return result


def _text(option: str, value: Any) -> Any:
    if isinstance(value, (list, dict)):
        raise InputError(option, f"must be a string, got {printable(value, 60)!r}.", "Give one value.")
    return value


def _list(option: str, value: Any) -> Any:
    """Return a list as it is, and the items of a string with commas without the blanks around them."""
    if isinstance(value, str):
        items = [item.strip() for item in value.split(",")]
        # "" alone is an item with a meaning, such as "unassigned"; an empty item beside others is a comma too many.
        if value and not all(items):
            raise InputError(option, f"has an empty item: {printable(value, 60)!r}.", "Give a list.")
        return items
    if isinstance(value, list):
        for item in value:
            if item is None or isinstance(item, (list, dict)):
                raise InputError(option, f"items must be strings, got {printable(item, 60)!r}.", "Correct the item.")
        return value
    return value if isinstance(value, dict) else [value]


def _number(option: str, value: Any) -> int | float:
    number = as_number(value)
    if number is None:
        raise InputError(option, f"must be a number, got {printable(value, 60)!r}.", "Give a number such as 75.")
    return number


def _whole(option: str, value: Any) -> int:
    number = as_whole(value)
    if number is None:
        raise InputError(option, f"must be a whole number, got {printable(value, 60)!r}.", "Give one such as 10.")
    return number


def _truth(option: str, value: Any) -> bool:
    number = as_number(value)
    try:
        truth: bool = boolean(value if number is None else number)
    except TypeError:
        raise InputError(
            option, f"must be true or false, got {printable(value, 60)!r}.", "Give true or false."
        ) from None
    return truth


# The check and conversion of each type of the tables
_SHAPES: dict[str, Callable[[str, Any], Any]] = {
    "str": _text,
    "path": _text,
    "list": _list,
    "float": _number,
    "int": _whole,
    "bool": _truth,
}
