# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of options before Ansible's validator, which stays as the net: with the path of the option in each error."""

from __future__ import annotations

from typing import Any, Callable

from ansible.module_utils.parsing.convert_bool import boolean

from .._errors import OptionError, printable
from .._model.plain import as_number, as_whole

# Without it, what others changed since the case was read would be overwritten.
NEVER_NULL = ("if_unmodified_since",)


def quoted(value: Any) -> str:
    """Return how a message shows the value of an option. Characters that look like others, as U+00A0, are escaped."""
    text = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in printable(value, 60))
    return f'"{text}"'


def shaped(given: dict[Any, Any], table: dict[str, Any], path: str = "") -> dict[str, Any]:
    """Return options for Ansible's validator, after all checks that need their path. Raises InputError.

    table: the arguments of the validator, or the specification of a dictionary with options. path: of that dictionary,
    with a dot at its end. Ansible's own messages name no path.

    The validator fails on a number that is given for a dictionary, and converts a string to one, without a check of its
    values. It converts a list that is given for a string to a string, which as a regular expression matches nearly
    anything. It converts a null in a list to an empty string, which would mean "unassigned". It treats null as an
    absent option, so that a condition without a value, such as that of an unset variable, would match every case.
    Elsewhere null is left out here, since Ansible leaves it out only for options without choices.
    Its release decides which strings are numbers, and whether 3.0 is a whole number.
    """
    known = _options_of(table)
    result: dict[str, Any] = {}
    aliases = {alias: name for name, spec in known.items() for alias in spec.get("aliases", ())}
    for given_name, value in given.items():
        option = printable(f"{path}{given_name}", 100)
        name = aliases.get(given_name, given_name)
        if name != given_name and name in given:
            raise OptionError(option, f"is an alias of {name}, which is given too", "Give one of them.")
        if name not in known:
            raise OptionError(option, "is unknown", f"Valid keys are {', '.join(known)}.")
        if value is None and (path.startswith("match.") or name in NEVER_NULL):
            raise OptionError(option, "has no value", "Leave it out, or give a value.")
        if value is not None:
            result[name] = _shaped_value(option, value, known[name], f"{path}{name}.")
    _check_together(result, table, path)
    return result


def _options_of(table: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the specification of each option of a table."""
    options: dict[str, dict[str, Any]] = table["options"] if "options" in table else table["argument_spec"]
    return options


def _shaped_value(option: str, value: Any, spec: dict[str, Any], path: str) -> Any:
    """Return a value for the validator. path: of the options in it. Raises InputError."""
    if "options" in spec:
        if not isinstance(value, dict):
            got = "a list" if isinstance(value, list) else quoted(value)
            keys = ", ".join(spec["options"])
            raise OptionError(option, f"must be a dictionary; got {got}", f"Valid keys are {keys}.")
        return shaped(value, spec, path)
    if spec.get("elements", "str") != "str":
        return value
    value = _SHAPES[spec["type"]](option, value)
    if "choices" in spec:
        _check_choices(option, value, spec["choices"])
    return value


def _check_choices(option: str, value: Any, choices: list[str]) -> None:
    """Raise InputError for a value, or an item of a list, that is not one of the choices."""
    allowed = ", ".join(choice or '""' for choice in choices)
    for item in value if isinstance(value, list) else [value]:
        if str(item) not in choices:
            raise OptionError(option, f"must be one of {allowed}; got {quoted(item)}", "Correct the value.")


def _check_together(given: dict[str, Any], table: dict[str, Any], path: str) -> None:
    """Raise InputError for options that are required, and for those that exclude each other."""

    def listed(names: list[str], word: str) -> str:
        *rest, last = (f"{path}{name}" for name in names)
        return f"{', '.join(rest)} {word} {last}" if rest else last

    for name, spec in _options_of(table).items():
        if spec.get("required") and name not in given:
            raise OptionError(f"{path}{name}", "is required", "Add it.")
    for names in table.get("mutually_exclusive", ()):
        both = [name for name in names if name in given]
        if len(both) > 1:
            raise OptionError(listed(both, "and"), "are mutually exclusive", "Give one of them.")
    for names in table.get("required_one_of", ()):
        if not any(name in given for name in names):
            raise OptionError(listed(names, "or"), "is required", "Give one of them.")


def _text(option: str, value: Any) -> Any:
    if isinstance(value, (list, dict)):
        raise OptionError(option, f"must be a string; got {quoted(value)}", "Give one value.")
    return value


def _list(option: str, value: Any) -> list[Any]:
    """Return a list as it is, and the items of a string with commas without the spaces around them."""
    if isinstance(value, str):
        items = [item.strip() for item in value.split(",")]
        # "" alone is an item with a meaning, such as "unassigned"; an empty item beside others is a comma too many.
        if value and not all(items):
            raise OptionError(option, f"has an empty item; got {quoted(value)}", "Give a list.")
        return items
    if isinstance(value, dict):
        raise OptionError(option, f"must be a list; got {quoted(value)}", "Give a list.")
    if not isinstance(value, list):
        return [value]
    for item in value:
        if item is None or isinstance(item, (list, dict)):
            raise OptionError(option, f"must be a list of strings; got the item {quoted(item)}", "Correct the item.")
    return value


def _number(option: str, value: Any) -> int | float:
    number = as_number(value)
    if number is None:
        raise OptionError(option, f"must be a number; got {quoted(value)}", "Give a number such as 75.")
    return number


def _whole(option: str, value: Any) -> int:
    number = as_whole(value)
    if number is None:
        raise OptionError(option, f"must be a whole number; got {quoted(value)}", "Give one such as 10.")
    return number


def _truth(option: str, value: Any) -> bool:
    number = as_number(value)
    try:
        truth: bool = boolean(value if number is None else number)
    except TypeError:
        raise OptionError(option, f"must be true or false; got {quoted(value)}", "Give true or false.") from None
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
