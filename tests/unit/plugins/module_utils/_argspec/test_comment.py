# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a comment are checked before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.comment import (
    comment_option,
    once_only_comment,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.comment import Comment

DEFAULTS = {"state": "present", "author": "me", "on_difference": "fail"}

GOOD: list[tuple[dict[str, Any], Comment]] = [
    ({"comment": "Seen"}, Comment("Seen")),
    ({"comment": "Seen", "marker": "a"}, Comment("Seen", "a")),
    ({"comment": "Seen", "marker": "a", "on_difference": "edit"}, Comment("Seen", "a")),
    ({"comment": "Seen", "state": "absent"}, Comment("Seen")),
    ({"marker": "a", "state": "absent"}, Comment("", "a")),
]


@pytest.mark.parametrize(("options", "comment"), GOOD)
def test_comments(options: dict[str, Any], comment: Comment) -> None:
    assert once_only_comment({**DEFAULTS, **options}) == comment


FORM = "must be 1 to 100 letters, digits or characters of ._:/#@+-"
BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "comment is required if state is present."),
    ({"marker": "a"}, "comment is required if state is present."),
    ({"comment": " "}, "comment is empty."),
    ({"comment": ""}, "comment is empty."),
    ({"comment": "Seen", "marker": "a b"}, f'marker {FORM}; got "a b".'),
    ({"comment": "Seen", "marker": ""}, f'marker {FORM}; got "".'),
    ({"comment": "Seen", "on_difference": "add"}, "on_difference needs marker, since a comment with another text is"),
    ({"state": "absent"}, "comment and marker: are both left out."),
    ({"state": "absent", "comment": ""}, "comment is empty."),
    ({"state": "absent", "comment": "Seen", "marker": "a"}, "comment is not used with marker if state is absent."),
    ({"state": "absent", "marker": "a", "author": "anyone"}, "author must be me if state is absent."),
]


@pytest.mark.parametrize(("options", "message"), BAD)
def test_misuse_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        once_only_comment({**DEFAULTS, **options})
    assert str(caught.value).startswith(message)


def test_a_comment_beside_a_change() -> None:
    assert comment_option({}) is None
    assert comment_option({"comment": "Seen"}) == Comment("Seen")
    assert comment_option({"comment": "Seen", "comment_marker": "a"}) == Comment("Seen", "a")
    for options, message in (
        ({"comment_marker": "a"}, "comment_marker needs comment."),
        ({"comment": " ", "comment_marker": "a"}, "comment is empty."),
        ({"comment": "Seen", "comment_marker": "[a"}, f'comment_marker {FORM}; got "[a".'),
    ):
        with pytest.raises(InputError) as caught:
            comment_option(options)
        assert str(caught.value).startswith(message)
