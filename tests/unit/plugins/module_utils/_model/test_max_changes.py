# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""max_changes: what it may be, and where it bites."""

from __future__ import annotations

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.max_changes import ChangeLimit


def test_without_a_limit():
    assert ChangeLimit.parse(None) is None


@pytest.mark.parametrize(
    ("text", "read", "most"),
    [
        ("0", 100, 0),
        ("50", 10, 50),
        (" 50 ", 100, 50),
        ("007", 100, 7),
        ("999999999", 1, 999999999),
        ("0%", 100, 0),
        ("10%", 100, 10),
        ("10 %", 109, 10),
        ("10%", 0, 0),
        ("1%", 99, 0),
        ("1%", 100, 1),
        ("0.5%", 1000, 5),
        ("100%", 3, 3),
        ("100.000%", 3, 3),
        ("33.3%", 1000, 333),
        # not a case less because a computer can't hold the fraction
        ("0.57%", 10_000, 57),
        ("25 or 10%", 0, 25),
        ("25 or 10%", 250, 25),
        ("25  or  10 %", 260, 26),
        ("0 or 1.5%", 1000, 15),
        ("0.7%", 1000, 7),
    ],
)
def test_what_it_allows(text, read, most):
    limit = ChangeLimit.parse(text)
    limit.check(0, read)
    limit.check(most, read)
    with pytest.raises(InputError):
        limit.check(most + 1, read)


@pytest.mark.parametrize(
    ("text", "changes", "read", "message"),
    [
        ("0", 1, 1, "Aborted before the first write: 1 change planned, max_changes is 0. See"),
        ("2", 3, 60, "Aborted before the first write: 3 changes planned, max_changes is 2. See"),
        (
            "2 or 2%",
            3,
            60,
            "Aborted before the first write: 3 changes planned, max_changes is 2 or 2% of the 60 cases read, the "
            "larger of both. See",
        ),
        (
            "2%",
            3,
            60,
            "Aborted before the first write: 3 changes planned, max_changes is 2% of the 60 cases read. See",
        ),
        (
            "2.50%",
            3,
            60,
            "Aborted before the first write: 3 changes planned, max_changes is 2.5% of the 60 cases read. See",
        ),
    ],
)
def test_what_it_says(text, changes, read, message):
    with pytest.raises(InputError) as caught:
        ChangeLimit.parse(text).check(changes, read)
    assert str(caught.value).startswith(message)
    # Check mode is refused as well, so that it is no way to see them.
    assert str(caught.value).endswith(
        "See case_results, or the report. If the changes are intended, raise max_changes."
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "max_changes must be a number, 0 or more, or a percentage; got ''. Give 50, 10%, or both as 25 or 10%."),
        ("abc", "max_changes must be a number, 0 or more, or a percentage; got 'abc'."),
        ("-1", "max_changes must be a number, 0 or more, or a percentage; got '-1'."),
        ("+1", "max_changes must be a number, 0 or more, or a percentage; got '+1'."),
        ("1.5", "max_changes must be a number, 0 or more, or a percentage; got '1.5'."),
        ("1e3", "max_changes must be a number, 0 or more, or a percentage; got '1e3'."),
        ("1_000", "max_changes must be a number, 0 or more, or a percentage; got '1_000'."),
        ("1,000", "max_changes must be a number, 0 or more, or a percentage; got '1,000'."),
        ("%", "max_changes must be a number, 0 or more, or a percentage; got '%'."),
        ("10%%", "max_changes must be a number, 0 or more, or a percentage; got '10%%'."),
        ("10 % of them", "max_changes must be a number, 0 or more, or a percentage; got '10 % of them'."),
        ("-10%", "max_changes must be a number, 0 or more, or a percentage; got '-10%'."),
        (".5%", "max_changes must be a number, 0 or more, or a percentage; got '.5%'."),
        ("1.%", "max_changes must be a number, 0 or more, or a percentage; got '1.%'."),
        ("nan%", "max_changes must be a number, 0 or more, or a percentage; got 'nan%'."),
        ("\u0661", "max_changes must be a number, 0 or more, or a percentage; got '\u0661'."),
        ("1000000000", "max_changes must be a number, 0 or more, or a percentage; got '1000000000'."),
        ("\x1b[31m", "max_changes must be a number, 0 or more, or a percentage; got '[31m'."),
        ("101%", "max_changes must be from 0% to 100%, got 101%. Give 10%."),
        ("100.1%", "max_changes must be from 0% to 100%, got 100.1%. Give 10%."),
    ],
)
def test_what_is_no_limit(text, message):
    with pytest.raises(InputError) as caught:
        ChangeLimit.parse(text)
    assert str(caught.value).startswith(message)
