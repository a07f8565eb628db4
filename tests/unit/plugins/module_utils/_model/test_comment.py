# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which comments of a case are the one that is meant, and what is done then."""

from __future__ import annotations

import html
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.comment import (
    Comment,
    is_marker,
    joined,
    plan_comment,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.directory import Person

ME, OTHER = "0b54e8a2c1f94d7a9e63d27f58b1c0a4", "9887e386323148ea8c68d4cf0bc1cdf6"


def record(comment: Any, user: Any = ME, at: Any = 1, _id: str = "c1") -> dict[str, Any]:
    return {"_id": _id, "comment": comment, "user": user, "created_at": at}


@pytest.mark.parametrize("marker", ["a", "INC0012345", "job/42:1", "a.b_c#d@e+f-g", "x" * 100])
def test_markers(marker: str) -> None:
    assert is_marker(marker)
    assert Comment("Seen \n", marker).posted == f"Seen [ansible:{marker}]"


@pytest.mark.parametrize("marker", ["", " ", "a b", "a]", "[a", "é", "x" * 101, "a\n", "{{a}}"])
def test_what_is_no_marker(marker: str) -> None:
    assert not is_marker(marker)


def test_a_comment_without_marker_is_posted_as_it_is_given() -> None:
    assert Comment(" Seen\n").posted == " Seen\n"
    assert joined([Comment("One", "a"), Comment("Two")]) == "One [ansible:a]\nTwo"


@pytest.mark.parametrize(
    ("text", "posted"),
    [
        ("> 50 hosts", "> 50 hosts\n[ansible:a]"),
        ("As said:\n&gt; Seen\n", "As said:\n&gt; Seen\n[ansible:a]"),
        ("> Seen\nIt is done", "> Seen\nIt is done [ansible:a]"),
        ("<blockquote>Seen</blockquote>", "<blockquote>Seen</blockquote> [ansible:a]"),
    ],
)
def test_a_marker_is_no_part_of_a_quotation(text: str, posted: str) -> None:
    comment = Comment(text, "a")
    assert comment.posted == posted
    assert comment.is_only_one_in(record(posted))


SHOWN = [
    ("Seen", "Seen", True),
    ("Seen", " Seen\r\n", True),
    ("Seen", "seen", False),
    ("Seen", "Seen twice", False),
    ("a\nb", "a\r\nb", True),
    ("a\nb", "<p>a</p><p>b</p>", True),
    ("a\nb", "a<br>b", True),
    ("a < b & c", "a &lt; b &amp; c", True),
    ("a < b & c", "<div>a &lt; b &amp; c</div>", True),
    ("a < b & c", "<div>a < b &amp; c</div>", False),
    ("a < b & c", "<div>a &lt; b & c</div>", False),
    ("\"a\" 'b'", "&quot;a&quot; &#x27;b&#39;", True),
    ("a  b", '<DIV class="x"><P>a&nbsp; b<BR /></P></DIV>', True),
    ("a", "<p>" * 3 + "a" + "</p>" * 3, True),
    ("a", "<p>" * 4 + "a" + "</p>" * 4, False),
    ("Blocked", "Blocked <host-a>", False),
    ("Blocked", "Blocked <p-host>", False),
    ("Blocked", "Blocked <p>", False),
    ("Blocked", "<p>Blocked &lt;host-a&gt;</p>", False),
    ("Blocked <host-a>", "Blocked", False),
    ("Blocked <host-a>", "<p>Blocked &lt;host-a&gt;</p>", True),
    ("AT&amp;T called", "AT&T called", False),
    ("AT&amp;T called", "<p>AT&amp;amp;T called</p>", True),
    ("A", "&#65;", False),
    ("<script>", "<b>", False),
    ("<b>a</b>", "<b>a</b>", True),
    ("<b>a</b>", "a", False),
    ("&lt;", "&lt;", True),
    ("Seen", None, False),
    ("XXXX", None, False),
    ("Seen", {"text": "Seen"}, False),
]


@pytest.mark.parametrize(("text", "shown", "is_same"), SHOWN)
def test_a_text_is_found_in_the_form_in_which_the_platform_shows_it(text: str, shown: Any, is_same: bool) -> None:
    assert Comment(text).is_shown_by(record(shown)) is is_same


MARKED = [
    ("Seen [ansible:a]", True),
    ("Seen [ansible:a]\n", True),
    ("Other text [ansible:a]", True),
    ("One [ansible:a]\nTwo [ansible:b]", True),
    ("<p>One [ansible:a]</p><p>Two</p>", True),
    ("One [ansible:a]<br/>Two", True),
    ("Seen [ansible:aa]", False),
    ("Seen [ansible:A]", False),
    ("He wrote [ansible:a] yesterday", False),
    ("Seen", False),
    (None, False),
]


@pytest.mark.parametrize(("shown", "is_marked"), MARKED)
def test_a_marker_is_found_at_the_end_of_a_line(shown: Any, is_marked: bool) -> None:
    assert Comment("Seen", "a").is_marked_by(record(shown)) is is_marked


# a comment that has the marker, whether it is posted by that, whether it may be replaced
MAY_BE_REPLACED = [
    ("Seen [ansible:a]", True, True),
    ("One\nTwo [ansible:a] \n", True, True),
    ("<div><p>One</p><p>Two <b>[ansible:a]</b>&nbsp;</p></div>", True, True),
    ("> Old [ansible:b]\nNew [ansible:a]", True, True),
    ("One [ansible:a]\nTwo [ansible:b]", True, False),
    ("One [ansible:b]\nTwo [ansible:a]", True, False),
    ("One [ansible:a]\nTwo", True, False),
    ("<p>One [ansible:a]</p><p>I checked it</p>", True, False),
    ("As in this note:\n> Seen [ansible:a]\nkeep it", False, False),
    ("As in this note:\n  > Seen [ansible:a]", False, False),
    ("> Seen [ansible:a]", False, False),
    (">> Seen [ansible:a]", False, False),
    ("<p>As in this note:</p><p>&gt; Seen [ansible:a]</p>", False, False),
    ("I saw <blockquote><p>One</p><p>Seen [ansible:a]</p></blockquote>", False, False),
    ("<blockquote><p>Seen [ansible:a]</p></blockquote>", False, False),
    ("<blockquote><p>[ansible:a]</p></blockquote>So<blockquote>B</blockquote>", False, False),
    ("I saw <BLOCKQUOTE>A <blockquote>B</blockquote> [ansible:a]</BLOCKQUOTE>", False, False),
    ("Seen [ansible:a]<blockquote>It is so</blockquote>", True, False),
    ("A <blockquote> is a tag [ansible:a]", True, True),
    ("</blockquote> Seen [ansible:a] <blockquote>", False, False),
]


@pytest.mark.parametrize(("shown", "is_marked", "may_be_replaced"), MAY_BE_REPLACED)
def test_a_comment_is_replaced_only_if_it_is_no_quotation_and_says_nothing_else(
    shown: str, is_marked: bool, may_be_replaced: bool
) -> None:
    wanted = Comment("New", "a")
    assert (wanted.is_marked_by(record(shown)), wanted.is_only_one_in(record(shown))) == (is_marked, may_be_replaced)
    deletion = plan_comment([record(shown)], Comment("", "a"), present=False)
    assert (deletion.action, len(deletion.matched)) == (("delete", 1) if may_be_replaced else ("", 0))
    assert len(deletion.kept) == (is_marked and not may_be_replaced)
    edit = plan_comment([record(shown)], wanted, on_difference="edit")
    assert edit.action == ("edit" if may_be_replaced else "post")


def test_each_marker_of_a_joined_comment_is_found() -> None:
    comments = [Comment("One", "a"), Comment("> Two", "b"), Comment("Three"), Comment("Four", "c")]
    shown = record(joined(comments))
    assert [comment.is_marked_by(shown) for comment in comments if comment.marker] == [True, True, True]
    assert not any(comment.is_only_one_in(shown) for comment in comments)


def test_the_oldest_that_may_be_edited_is_edited() -> None:
    records = [record("A [ansible:a]\nB [ansible:b]", _id="c1"), record("A [ansible:a]", at=2, _id="c2")]
    assert plan_comment(records, Comment("New", "a"), on_difference="edit").matched == (records[1],)


# comments of the case, the wanted comment, author, on_difference; the action, how many match
PLANS: list[tuple[list[dict[str, Any]], Comment, Person | None, str, str, int]] = [
    ([], Comment("Seen"), None, "fail", "post", 0),
    ([record("Seen")], Comment("Seen"), None, "fail", "", 1),
    ([record("Other")], Comment("Seen"), None, "fail", "post", 0),
    ([record("Seen [ansible:a]")], Comment("Seen", "a"), None, "fail", "", 1),
    ([record("Other [ansible:a]")], Comment("Seen", "a"), None, "fail", "refuse", 1),
    ([record("Other [ansible:a]")], Comment("Seen", "a"), None, "add", "post", 1),
    ([record("Other [ansible:a]")], Comment("Seen", "a"), None, "edit", "edit", 1),
    ([record("Other [ansible:a]"), record("Seen [ansible:a]")], Comment("Seen", "a"), None, "edit", "", 1),
    ([record("Seen", OTHER)], Comment("Seen"), Person(ME), "fail", "post", 0),
    ([record("Seen", ME.upper())], Comment("Seen"), Person(ME), "fail", "", 1),
    ([record("Seen", "soc@example.com")], Comment("Seen"), Person("soc@example.com", ME), "fail", "", 1),
    ([record("Seen", None)], Comment("Seen"), Person(ME), "fail", "post", 0),
    ([record("Seen"), record("Seen")], Comment("Seen"), None, "fail", "", 2),
]


@pytest.mark.parametrize(("records", "wanted", "author", "on_difference", "action", "matched"), PLANS)
def test_what_a_case_lacks(
    records: list[dict[str, Any]],
    wanted: Comment,
    author: Person | None,
    on_difference: str,
    action: str,
    matched: int,
) -> None:
    plan = plan_comment(records, wanted, author, on_difference)
    assert (plan.action, len(plan.matched)) == (action, matched)


def test_what_a_case_has_too_much() -> None:
    records = [record("One [ansible:a]", _id="c1"), record("Two [ansible:a]", OTHER), record("Three [ansible:a]")]
    plan = plan_comment(records, Comment("", "a"), Person(ME), present=False)
    assert (plan.action, plan.matched) == ("delete", (records[0], records[2]))
    assert plan_comment(records, Comment("", "b"), Person(ME), present=False).action == ""
    assert plan_comment(records, Comment("One"), Person(ME), present=False).action == ""


def test_the_oldest_is_the_first() -> None:
    records = [record("A [ansible:a]", at=at, _id=str(at)) for at in (5, 3, None, 4)]
    plan = plan_comment(records, Comment("B", "a"), on_difference="edit")
    assert [found["_id"] for found in plan.matched] == ["None", "3", "4", "5"]


def test_a_comment_without_a_time_is_the_oldest() -> None:
    records = [record("A [ansible:a]", at=at, _id=str(at)) for at in (1, None)]
    assert [found["_id"] for found in plan_comment(records, Comment("A", "a")).matched] == ["None", "1"]


def test_another_text_is_refused_unless_something_else_is_asked_for() -> None:
    assert plan_comment([record("Other [ansible:a]")], Comment("Seen", "a")).action == "refuse"


PIECES = [
    "a",
    " ",
    "\n",
    "<host-a>",
    "<p>",
    "</p>",
    "<br>",
    "&",
    "&amp;",
    "&lt;",
    "<b>",
    "</div>",
    "<div>",
    ">",
    "> ",
    '"',
]
PIECES += ["<blockquote>", "</blockquote>", "[ansible:a]"]
TEXTS = (
    st.text(min_size=1, max_size=30) | st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join)
).filter(str.strip)


class _Browser(HTMLParser):
    """What a browser shows of a text, and the tags it saw there."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.shown, self.tags = "", set[str]()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        self.shown += "\n"

    def handle_endtag(self, tag: str) -> None:
        self.handle_starttag(tag, None)

    def handle_data(self, data: str) -> None:
        self.shown += data


@given(TEXTS, TEXTS)
def test_another_text_is_never_the_one(text: str, other: str) -> None:
    if Comment(text).is_shown_by(record(other)) and text.split() != other.split():
        browser = _Browser(other)
        assert browser.tags <= {"p", "div", "br"}
        assert browser.tags or "&" in other
        assert browser.shown.split() == text.split()


RENDERINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "escaped": html.escape,
    "escaped without quotes": lambda text: html.escape(text, quote=False),
    "breaks": lambda text: "<br/>".join(html.escape(text).split("\n")),
    "a paragraph": lambda text: f"<p>{html.escape(text)}</p>\n",
    "paragraphs": lambda text: "".join(f"<p>{html.escape(line)}</p>" for line in text.split("\n")),
    "a div of divs": lambda text: (
        f"<div>{''.join(f'<div>{html.escape(line)}</div>' for line in text.split(chr(10)))}</div>"
    ),
}


@pytest.mark.parametrize("rendering", RENDERINGS)
@given(TEXTS, st.sampled_from(["", "m"]))
def test_a_text_is_found_in_each_rendering(rendering: str, text: str, marker: str) -> None:
    comment = Comment(text, marker)
    shown = record(RENDERINGS[rendering](comment.posted))
    assert comment.is_shown_by(shown)
    assert not marker or comment.is_marked_by(shown)


@given(TEXTS, st.sampled_from(["", "a", "INC-1"]), st.lists(TEXTS, max_size=3))
def test_a_posted_comment_is_there_in_the_next_run(text: str, marker: str, others: list[str]) -> None:
    wanted = Comment(text, marker)
    records = [record(other) for other in others]
    first = plan_comment(records, wanted, on_difference="add")
    if first.action:
        assert first.action == "post"
        records.append(record(wanted.posted))
    assert plan_comment(records, wanted).action == ""
