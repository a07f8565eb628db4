# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of options before Ansible's validator sees them: what it would let pass, turn into another or fail on."""

from __future__ import annotations

from typing import Any, Callable

from ansible.module_utils.parsing.convert_bool import boolean

from .._errors import InputError, printable
from .._model.plain import as_number, as_whole

# Without it, what others changed since the case was read would be overwritten.
NEVER_NULL = ("if_unmodified_since",)


def shaped(given: dict[Any, Any], known: dict[str, dict[str, Any]], path: str = "") -> dict[str, Any]:
    """Return options for Ansible's validator, without what it would let pass or would fail on. Raises InputError.

    It fails on a number that is given for a dictionary, and makes one of a text, whose values nobody would look at.
    It turns a list that is given for a text into a text. As a regular expression such a one matches nearly anything.
    It makes an empty text of a null in a list, which would stand for nobody. It takes a null for an option that is
    left out, so that a condition without a value, as of a variable that is not set, would match every case. Elsewhere
    null is left out, which Ansible does for options without choices only.
    Which texts it takes for numbers, and whether it takes 3.0 for a whole one, depends on its release.
    """
    result: dict[str, Any] = {}
    aliases = {alias: name for name, spec in known.items() for alias in spec.get("aliases", ())}
    for given_name, value in given.items():
        option = f"Option {printable(f'{path}{given_name}', 100)}"
        name = aliases.get(given_name, given_name)
        if name != given_name and name in given:
            raise InputError(option, f"is another name of {name}, which is given too.", "Give one of them.")
        if name not in known:
            raise InputError(option, "is unknown.", f"Known here are {', '.join(known)}.")
        spec = known[name]
        if value is None and (path.startswith("match.") or name in NEVER_NULL):
            raise InputError(option, "has no value.", "Leave it out, or give a value.")
        if value is None:
            continue
        if "options" in spec:
            if not isinstance(value, dict):
                remedy = f"Give a dictionary with {', '.join(spec['options'])}."
                raise InputError(option, "is a list." if isinstance(value, list) else "is no dictionary.", remedy)
            result[name] = shaped(value, spec["options"], f"{path}{name}.")
        elif spec.get("elements", "str") != "str":
            result[name] = value
        else:
            result[name] = _SHAPES[spec["type"]](option, value)
    return result


def _text(option: str, value: Any) -> Any:
    if isinstance(value, (list, dict)):
        raise InputError(option, f"is no text: {printable(value, 60)!r}.", "Give one text.")
    return value


def _list(option: str, value: Any) -> Any:
    """Return a list as it is, and the items of a text with commas without the blanks around them."""
    if isinstance(value, str):
        items = [item.strip() for item in value.split(",")]
        # "" alone is an item with a meaning, such as nobody; one that a comma too many leaves is none.
        if value and not all(items):
            raise InputError(option, f"has an empty item: {printable(value, 60)!r}.", "Give a list.")
        return items
    if isinstance(value, list):
        for item in value:
            if item is None or isinstance(item, (list, dict)):
                raise InputError(option, f"has an item that is no text: {printable(item, 60)!r}.", "Give texts.")
        return value
    return value if isinstance(value, dict) else [value]


def _number(option: str, value: Any) -> int | float:
    number = as_number(value)
    if number is None:
        raise InputError(option, f"must be a number; got {printable(value, 60)!r}.", "Give a number such as 75.")
    return number


def _whole(option: str, value: Any) -> int:
    number = as_whole(value)
    if number is None:
        raise InputError(option, f"must be a whole number; got {printable(value, 60)!r}.", "Give one such as 10.")
    return number


def _truth(option: str, value: Any) -> bool:
    number = as_number(value)
    try:
        truth: bool = boolean(value if number is None else number)
    except TypeError:
        raise InputError(
            option, f"must be true or false; got {printable(value, 60)!r}.", "Give true or false."
        ) from None
    return truth


# How a value is made ready for each type of the tables
_SHAPES: dict[str, Callable[[str, Any], Any]] = {
    "str": _text,
    "path": _text,
    "list": _list,
    "float": _number,
    "int": _whole,
    "bool": _truth,
}
