# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a comment that is on a case once."""

from __future__ import annotations

from typing import Any

from .._errors import InputError, OptionError
from .._model.comment import MARKER_FORM, Comment, is_marker
from .shapes import quoted

COMMENT: dict[str, Any] = {
    "argument_spec": {
        "case_id": {"type": "str"},
        "ticket_id": {"type": "int"},
        "comment": {"type": "str"},
        "marker": {"type": "str"},
        "author": {"type": "str", "choices": ["me", "anyone"], "default": "me"},
        "on_difference": {"type": "str", "choices": ["fail", "add", "edit"], "default": "fail"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    },
    "mutually_exclusive": [("case_id", "ticket_id")],
    "required_one_of": [("case_id", "ticket_id")],
}
# Without a marker, a task would post another comment; without an author, it would count or delete those of others.
COMMENT_LIMITS = ("case_id", "ticket_id", "marker", "author", "on_difference")


def comment_option(params: dict[str, Any]) -> Comment | None:
    """Return the comment of a case, a rule or an item that comes with a change, None without one. Raises InputError."""
    text, marker = params.get("comment"), params.get("comment_marker")
    if text is None:
        if marker is not None:
            raise OptionError("comment_marker", "needs comment", "Add comment, or leave it out.")
        return None
    return _checked(text, marker, "comment_marker")


def once_only_comment(params: dict[str, Any]) -> Comment:
    """Return the comment of stellar_case_comment; its text is "" if only the marker matters. Raises InputError."""
    text, marker, is_present = params.get("comment"), params.get("marker"), params["state"] == "present"
    if text is None and is_present:
        raise OptionError("comment", "is required if state is present", "Give the text of the comment.")
    if text is None and marker is None:
        raise InputError("comment and marker", "are both left out.", "Give one of them to say which comment to delete.")
    if text is not None and marker is not None and not is_present:
        raise OptionError("comment", "is not used with marker if state is absent", "Leave it out.")
    if not is_present and params["author"] != "me":
        raise OptionError(
            "author", "must be me if state is absent", "Leave it out: a task deletes no others' comments."
        )
    if marker is None and params["on_difference"] != "fail":
        problem = "needs marker, since a comment with another text is another comment without one"
        raise OptionError("on_difference", problem, "Add marker, or leave it out.")
    return _checked(text, marker, "marker")


def _checked(text: str | None, marker: str | None, marker_option: str) -> Comment:
    if text is not None and not text.strip():
        raise OptionError("comment", "is empty", "Leave it out, or give a string.")
    if marker is not None and not is_marker(marker):
        raise OptionError(marker_option, f"must be {MARKER_FORM}; got {quoted(marker)}", "Correct the value.")
    return Comment(text or "", marker or "")
