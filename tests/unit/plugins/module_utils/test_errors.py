# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors: how a message is put together, what a module's failure holds, and which types the documentation has."""

from __future__ import annotations

import copy
import inspect
from pathlib import Path

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils import _errors
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import (
    ApiError,
    OptionError,
    StellarError,
    printable,
)

PAGE = Path(__file__).parents[4] / "docs/errors.md"


def test_a_failure_says_what_was_tried_why_and_what_to_do():
    error = ApiError("Could not list cases", "HTTP 500.", "Run again.", status=500, method="GET", body=None)
    error.result["changed"] = True
    assert error.to_result() == {
        "msg": "Could not list cases: HTTP 500. Run again.",
        "changed": True,
        "error": {"type": "ApiError", "status": 500, "method": "GET", "remedy": "Run again."},
    }


@pytest.mark.parametrize(
    ("remedy", "said"),
    [
        ("Run again.", "Rule 2 'x': Tried: failed. It did, though. More. Run again."),
        ("", "Rule 2 'x': Tried: failed. It did, though. More."),
    ],
)
def test_what_else_is_known_comes_before_the_remedy(remedy, said):
    error = StellarError("Tried", "failed.", remedy)
    error.notes.append("It did, though.")
    error.notes.append("More.")
    error.context = "Rule 2 'x'"
    assert str(error) == error.to_result()["msg"] == said
    assert error.to_result()["error"] == {"type": "StellarError", **({"remedy": remedy} if remedy else {})}


def test_a_copy_has_notes_details_and_a_result_of_its_own():
    error = ApiError("Could not list cases", "HTTP 500.", status=500)
    error.context = "Rule 2"
    other = copy.copy(error)
    assert (type(other), str(other), other.args) == (ApiError, str(error), error.args)
    other.notes.append("More.")
    other.details["attempts"] = 2
    other.result["changed"] = True
    assert (error.notes, error.details, error.result) == ([], {"status": 500}, {})


def test_an_option_is_told_with_where_its_value_came_from():
    error = OptionError("host", "is empty", "Give one.")
    error.result["changed"] = False
    given = error.given_by("the task")
    assert str(error) == "host is empty. Give one."
    assert str(given) == "host, from the task, is empty. Give one."
    assert str(given.given_by(None)) == str(error)
    assert given.to_result()["error"]["type"] == "InputError"
    assert given.to_result()["changed"] is False


def types_of_errors():
    """Each value of error.type with what it means, from the docstrings of the classes."""
    classes = [
        cls
        for cls in vars(_errors).values()
        if inspect.isclass(cls) and issubclass(cls, StellarError) and cls is not StellarError
    ]
    # One with a type_name is of another's type.
    found = {cls.__name__: " ".join(cls.__doc__.split()) for cls in classes if not cls.type_name}
    assert {cls.type_name for cls in classes} <= {"", *found}
    return {**found, "StellarError": StellarError.__doc__.split("\n\n")[1].strip()}


def test_the_documentation_has_each_type_with_its_meaning():
    rows = [f"| `{name}` | {meaning} |" for name, meaning in types_of_errors().items()]
    table = "\n".join(["| type | meaning |", "| --- | --- |", *rows])
    assert f"\n{table}\n\n" in PAGE.read_text(encoding="utf-8"), f"Paste this into docs/errors.md:\n{table}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\x1b[31mred\x1b[0m", "a [31mred [0m"),
        ("a\u202eb\u200bc", "a b c"),
        ("a\x00b\nc", "a b c"),
        ("a\ud800b", "a b"),
        # commands for the log of a pipeline, which run in the middle of a line too
        ("a ##vso[task.complete]b ##[error]", "a # #vso[task.complete]b # #[error]"),
        ("###teamcity[x ## heading #1 [y]", "## #teamcity[x ## heading #1 [y]"),
        ("x" * 301, "x" * 300 + "..."),
        (None, "None"),
    ],
)
def test_text_of_the_platform_is_fit_for_a_terminal(text, shown):
    assert printable(text) == shown
