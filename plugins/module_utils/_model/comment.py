# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Comments that are on a case once: how one is found again, and what is to be done about it."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any, Iterable, Mapping, Sequence

from .case import moment
from .directory import Person

MARKER_FORM = "1 to 100 letters, digits or characters of ._:/#@+-"
_MARKER = re.compile(r"[A-Za-z0-9._:/#@+-]{1,100}")
_TAG = re.compile(r"<[a-zA-Z/!][^<>]*>")
# What ends a line of a text in HTML
_LINE_END = re.compile(r"<(?:br|/p|/div|/li)\b[^<>]*>", re.IGNORECASE)


def is_marker(text: str) -> bool:
    """Return True for a text that can be found again in whatever form the platform shows a comment."""
    return _MARKER.fullmatch(text) is not None


@dataclass(frozen=True)
class Comment:
    """A comment to be posted. marker: the key by which a case has it only once; '' without one."""

    text: str
    marker: str = ""

    @property
    def posted(self) -> str:
        """Return the text as it is posted: the marker is a part of it, so that users see what posted it."""
        return f"{self.text.rstrip()} [ansible:{self.marker}]" if self.marker else self.text

    def is_shown_by(self, record: Mapping[str, Any]) -> bool:
        """Return True if a comment of the platform is this one, with this text."""
        return _squeezed(self.posted) in _readings(_text(record))

    def is_marked_by(self, record: Mapping[str, Any]) -> bool:
        """Return True if a comment of the platform has the marker, at the end of it or of one of its lines."""
        mark = re.escape(f"[ansible:{self.marker}]")
        return any(re.search(rf"{mark}\s*$", text, re.MULTILINE) for text in (_text(record), _from_html(_text(record))))


def joined(comments: Iterable[Comment]) -> str:
    """Return the text of one comment that says what several say."""
    return "\n".join(comment.posted for comment in comments)


@dataclass(frozen=True)
class CommentPlan:
    """What a case lacks. matched: its comments that are the one meant, the oldest first.

    action: "post", "edit" the oldest, "delete" all of them, "" for nothing, or "refuse" if on_difference is fail.
    """

    action: str
    matched: tuple[Mapping[str, Any], ...] = ()


def plan_comment(
    records: Sequence[Mapping[str, Any]],
    wanted: Comment,
    author: Person | None = None,
    on_difference: str = "fail",
    present: bool = True,
) -> CommentPlan:
    """Compare the comments of a case with one that is to be there once, or not at all.

    author: whose comments count; None for those of all users. on_difference: "fail", "add" or "edit" where a comment
    has the marker and another text.
    """
    found = wanted.is_marked_by if wanted.marker else wanted.is_shown_by
    matched = [record for record in records if (author is None or _is_by(record, author)) and found(record)]
    matched.sort(key=lambda record: moment(record, "created_at") or 0)
    if not present:
        return CommentPlan("delete" if matched else "", tuple(matched))
    same = [record for record in matched if wanted.is_shown_by(record)]
    if same:
        return CommentPlan("", tuple(same))
    if not matched:
        return CommentPlan("post")
    return CommentPlan({"fail": "refuse", "add": "post", "edit": "edit"}[on_difference], tuple(matched))


def _is_by(record: Mapping[str, Any], author: Person) -> bool:
    # The user of a comment is an id (vendor library 2024-09), or a name.
    user = record.get("user")
    return isinstance(user, str) and author.matches(user, user)


def _text(record: Mapping[str, Any]) -> str:
    text = record.get("comment")
    return text if isinstance(text, str) else ""


def _readings(text: str) -> set[str]:
    """Return what a comment may say: some platforms return it as HTML (vendor's clients post it so)."""
    return {_squeezed(text), _squeezed(html.unescape(text)), _squeezed(_from_html(text))}


def _from_html(text: str) -> str:
    return html.unescape(_TAG.sub("", _LINE_END.sub("\n", text)))


def _squeezed(text: str) -> str:
    """Return a text in which all spaces and line ends between two words are one space, as HTML shows them."""
    return " ".join(text.split())
