# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of options that several tables have, checked: tags, lists of a filter, times and ranges."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from .._errors import InputError, OptionError, printable
from .._model.case import tag_problem
from .._model.plain import plain
from .._model.query import Query
from .._model.times import AGE_OR_TIME_FORMS, DAY_MS, is_age, parse_time
from .shapes import quoted

# Of an age that says how old a file may be
LONGEST_DAYS = 3650


def checked_tags(given: Iterable[str], option: str) -> tuple[str, ...]:
    """Return tags without the spaces around them, each once. Raises InputError for one that can't be a tag."""
    tags = tuple(dict.fromkeys(tag.strip() for tag in given))
    for tag in tags:
        problem = tag_problem(tag)
        if problem:
            remedy = "Give each tag as an item of its own."
            if option.endswith("tags.remove"):
                remedy = "Name the tags to keep in tags.set: it removes all others, such a one too."
            raise InputError(option, f"tag {quoted(tag)} {problem}.", remedy)
    return tags


def texts(params: dict[str, Any], name: str, path: str = "") -> tuple[str, ...]:
    """Return the strings of a list, stripped, each once. Ansible splits "a, b" only at the comma."""
    items = params.get(name) or ()
    for item in items:
        if not isinstance(item, (str, int, float)):
            what = f"must be a list of strings; got the item {quoted(item)}"
            raise OptionError(f"{path}{name}", what, "Correct the item.")
    return tuple(dict.fromkeys(str(plain(item)).strip() for item in items))


def filter_values(params: dict[str, Any], name: str, path: str = "", kind: str = "case") -> tuple[str, ...]:
    """Return the values of a filter. An empty list, such as that of an empty variable, would find all cases.

    path: of the dictionary of the filter, with a dot at its end. kind: of what it finds. Raises InputError.
    """
    if params.get(name) is not None and not params[name]:
        what = f"is an empty list, which no {kind} matches"
        raise OptionError(f"{path}{name}", what, f"Leave it out for all {kind}s.")
    return texts(params, name, path)


def values_or_none(
    params: dict[str, Any], name: str, meaning: str, path: str = "", kind: str = "case"
) -> tuple[str, ...]:
    """Return the values of a filter in which "" has a meaning. Raises InputError for an item of spaces only."""
    values = filter_values(params, name, path, kind)
    if any(isinstance(item, str) and item and not item.strip() for item in params.get(name) or ()):
        raise OptionError(f"{path}{name}", "has an item that contains only spaces", f'For {meaning} give "".')
    return values


def age_option(params: Mapping[str, Any], name: str) -> str | None:
    """Return an option that says how old a file may be, None without one. Raises OptionError."""
    given: str | None = params.get(name)
    # A much longer one would lead to a year that no time has.
    if given is not None and not (is_age(given) and -parse_time(given, 0) <= LONGEST_DAYS * DAY_MS):
        problem = f'must be a time such as 24h, at most {LONGEST_DAYS}d; got "{printable(given, 60)}"'
        raise OptionError(name, problem, "Correct it.")
    return given


def time_option(
    params: dict[str, Any], name: str, now_ms: int, forms: str = AGE_OR_TIME_FORMS, path: str = ""
) -> int | None:
    """Return the time of an option in ms, None without it. Raises InputError."""
    value = params.get(name)
    if value is None:
        return None
    try:
        return parse_time(value, now_ms, ages=forms == AGE_OR_TIME_FORMS)
    except (ValueError, OverflowError) as error:
        raise InputError(f"{path}{name}", f"{error}.", forms) from None


def check_ranges(query: Query, now_ms: int, names: dict[str, str] | None = None, path: str = "") -> None:
    """Raise InputError for bounds that no case can match.

    names: names of options that differ from the query's. path: of the options, with a dot at its end.
    """

    def option(name: str) -> str:
        return path + (names or {}).get(name, name)

    for name in ("min_score", "max_score"):
        score = getattr(query, name)
        if score is not None and not 0 <= score <= 100:
            raise OptionError(option(name), f"must be from 0 to 100; got {score:g}", "Correct the value.")
    for name in ("created_after", "modified_after"):
        # By so much, because the clock here may be slow, and the platform's is not known before it is asked.
        if (getattr(query, name) or 0) > now_ms + 31 * DAY_MS:
            raise OptionError(option(name), "is in the future and can never match", "Correct the time.")
    for low, high in (
        ("min_score", "max_score"),
        ("created_after", "created_before"),
        ("modified_after", "modified_before"),
    ):
        start, end = getattr(query, low), getattr(query, high)
        if start is not None and end is not None and start > end:
            raise InputError(f"{option(low)} and {option(high)}", "the range is empty.", "Swap or correct them.")
