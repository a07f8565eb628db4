# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of YAML, Jinja and Ansible in Python's own types, and texts that are numbers."""

from __future__ import annotations

from collections import OrderedDict, UserString
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.plain import as_number, as_whole, plain


class Tagged(str):
    """As ansible-core tags texts, or marks them as unsafe: its methods give the subclass again."""

    __slots__ = ()

    def itself(self):
        return self

    __str__ = itself

    def strip(self, *args):
        return Tagged(super().strip(*args))


class TaggedInt(int):
    pass


class TaggedFloat(float):
    pass


class TaggedDate(date):
    pass


class Vaulted(UserString, Sequence):
    """As !vault of ansible-core 2.18: a sequence of characters, and no str."""


def types(value):
    """The types of a value and of all in it."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {type(value)}.union(*({type(key)} | types(item) for key, item in inner))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (TaggedInt(7), 7),
        (TaggedFloat(7.5), 7.5),
        (Tagged(" a "), " a "),
        (Markup("<b>"), "<b>"),
        (Vaulted("secret"), "secret"),
        (date(2026, 1, 2), "2026-01-02"),
        (TaggedDate(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05"),
        (datetime(2026, 1, 2, 3, 4, 5, 6000, timezone(timedelta(hours=1))), "2026-01-02T03:04:05.006000+01:00"),
        ((Tagged("a"), [TaggedInt(1)]), ["a", [1]]),
        (MappingProxyType({Tagged("a"): OrderedDict(b=(None,))}), {"a": {"b": [None]}}),
        ({1: {date(2026, 1, 2): "x"}}, {"1": {"2026-01-02": "x"}}),
    ],
)
def test_plain(value, expected):
    found = plain(value)
    assert found == expected
    assert types(found) <= {dict, list, str, int, float, bool, type(None)}


def test_each_text_and_key_goes_through_a_function():
    assert plain({"a": ["b", 1, date(2026, 1, 2)]}, lambda text: f"<{text}>") == {"<a>": ["<b>", 1, "<2026-01-02>"]}


@pytest.mark.parametrize(
    ("value", "number", "whole"),
    [
        *((text, int(text), int(text)) for text in ("0", "10", " 10 ", "0123", "-7", "+7")),
        ("0x1F", 31, 31),
        ("0o17", 15, 15),
        ("3.0", 3.0, 3),
        ("5.", 5.0, 5),
        ("1e3", 1000.0, 1000),
        (".5", 0.5, None),
        ("1.10", 1.1, None),
        (TaggedInt(7), 7, 7),
        (7.0, 7.0, 7),
        (7.5, 7.5, None),
        (Tagged("7"), 7, 7),
        *(
            (value, None, None)
            for value in ("", " ", "1_000", "0b1", "12:30", "1e400", "nan", ".inf", "9" * 101, "\u0661", "7d", "0X1f")
        ),
        *((value, None, None) for value in (True, False, None, [], {}, date(2026, 1, 2))),
    ],
)
def test_numbers(value, number, whole):
    assert (as_number(value), as_whole(value)) == (number, whole)
    assert type(as_number(value)) is type(number)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_no_whole_number(value):
    assert as_whole(value) is None


@given(st.integers(-(10**60), 10**60) | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_in_quotes_is_that_number(number):
    assert as_number(str(number)) == as_number(number) == number
