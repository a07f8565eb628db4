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
_MARKED_END = re.compile(rf"\[ansible:({_MARKER.pattern})\](?:\s|&nbsp;|</[A-Za-z]+>)*\Z")
_QUOTATION = re.compile(r"\s*(?:>|&gt;)")
# What begins or ends a line of a text in HTML
_LINE_TAG = re.compile(r"</?(?:br|p|div|ul|ol|li)(?=[\s/>])[^<>]*>", re.IGNORECASE)
# What a platform may make of a plain text: line breaks, paragraphs, and entities for what HTML reserves
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_PARAGRAPH = re.compile(r"<(p|div)(?:\s[^<>]*)?>([^<>]*)</\1\s*>", re.IGNORECASE)
_NOT_ESCAPED = re.compile(r"[<>]|&(?!(?:amp|lt|gt|quot|apos|nbsp|#39|#x27|#34|#x22);)")
_NESTED = 3


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
        """Return the text as it is posted: the marker is a part of it, so that users see what posted it.

        It is on a line of its own after a quotation, since it is not a part of that.
        """
        if not self.marker:
            return self.text
        text = self.text.rstrip()
        # As a plain text, and as HTML
        last_lines = text.splitlines()[-1:] + _lines(text)[-1:]
        separator = "\n" if any(map(_QUOTATION.match, last_lines)) else " "
        return f"{text}{separator}[ansible:{self.marker}]"

    def is_shown_by(self, record: Mapping[str, Any]) -> bool:
        """Return True if a comment of the platform has this text, or is what HTML makes of this text."""
        text = _text(record)
        return _squeezed(self.posted) in (_squeezed(text), _from_html(text))

    def is_marked_by(self, record: Mapping[str, Any]) -> bool:
        """Return True if one of the lines of a comment of the platform ends with the marker, and is no quotation.

        So a comment is found that says what several say.
        """
        return self.marker in _markers(_text(record))

    def is_only_one_in(self, record: Mapping[str, Any]) -> bool:
        """Return True if a comment of the platform ends with the marker, and has no other: it may be replaced."""
        lines = _lines(_text(record))
        return bool(lines) and _markers(lines[-1]) == {self.marker} == _markers(_text(record))


def joined(comments: Iterable[Comment]) -> str:
    """Return the text of one comment that says what several say."""
    return "\n".join(comment.posted for comment in comments)


@dataclass(frozen=True)
class CommentPlan:
    """What a case lacks. matched: its comments that are the one meant, the oldest first.

    action: "post", "edit" the oldest, "delete" all of them, "" for nothing, or "refuse" if on_difference is fail.
    kept: comments with the marker that are not deleted, since they say more than the one meant.
    """

    action: str
    matched: tuple[Mapping[str, Any], ...] = ()
    kept: tuple[Mapping[str, Any], ...] = ()


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
    own = tuple(record for record in matched if not wanted.marker or wanted.is_only_one_in(record))
    if not present:
        return CommentPlan("delete" if own else "", own, tuple(record for record in matched if record not in own))
    same = [record for record in matched if wanted.is_shown_by(record)]
    if same:
        return CommentPlan("", tuple(same))
    if not matched:
        return CommentPlan("post")
    if on_difference == "edit" and own:
        return CommentPlan("edit", own)
    return CommentPlan("refuse" if on_difference == "fail" else "post", tuple(matched))


def _is_by(record: Mapping[str, Any], author: Person) -> bool:
    # The user of a comment is an id (vendor library 2024-09), or a name.
    user = record.get("user")
    return isinstance(user, str) and author.matches(user, user)


def _text(record: Mapping[str, Any]) -> str:
    text = record.get("comment")
    return text if isinstance(text, str) else ""


def _from_html(text: str) -> str | None:
    """Return what a text says if it is a plain one that was made HTML, squeezed; None if it is not.

    Some platforms may return it so: vendor's clients post HTML. A tag of another kind is text of a user.
    """
    text = _BREAK.sub("\n", text)
    for _level in range(_NESTED):
        text = _PARAGRAPH.sub(r"\n\2\n", text)
    return None if _NOT_ESCAPED.search(text) else _squeezed(html.unescape(text))


def _lines(text: str) -> list[str]:
    """Return the lines of a text, plain or HTML, without what is quoted as HTML."""
    lower = text.lower()
    start, end = lower.find("<blockquote"), lower.rfind("</blockquote>")
    if 0 <= start < end:
        text = f"{text[:start]}\n{text[end:]}"
    return [line.strip() for line in _LINE_TAG.sub("\n", text).splitlines() if line.strip()]


def _markers(text: str) -> set[str]:
    found = [_MARKED_END.search(line) for line in _lines(text) if not _QUOTATION.match(line)]
    return {match[1] for match in found if match}


def _squeezed(text: str) -> str:
    """Return a text in which all spaces and line ends between two words are one space, as HTML shows them."""
    return " ".join(text.split())
