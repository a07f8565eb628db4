# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which comments of a case are the one that is meant, and what is done then."""

from __future__ import annotations

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


TEXTS = st.text(min_size=1, max_size=30).filter(str.strip)


@given(TEXTS, st.sampled_from(["", "a", "INC-1"]), st.lists(TEXTS, max_size=3))
def test_a_posted_comment_is_there_in_the_next_run(text: str, marker: str, others: list[str]) -> None:
    wanted = Comment(text, marker)
    records = [record(other) for other in others]
    first = plan_comment(records, wanted, on_difference="add")
    if first.action:
        assert first.action == "post"
        records.append(record(wanted.posted))
    assert plan_comment(records, wanted).action == ""
