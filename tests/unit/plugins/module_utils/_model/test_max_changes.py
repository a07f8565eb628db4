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
        ("0", 1, 1, "Aborted before the first write: 1 change planned, max_changes is 0. Look"),
        ("2", 3, 60, "Aborted before the first write: 3 changes planned, max_changes is 2. Look"),
        (
            "2%",
            3,
            60,
            "Aborted before the first write: 3 changes planned, max_changes is 2% of the 60 cases read. Look",
        ),
        (
            "2.50%",
            3,
            60,
            "Aborted before the first write: 3 changes planned, max_changes is 2.5% of the 60 cases read. Look",
        ),
    ],
)
def test_what_it_says(text, changes, read, message):
    with pytest.raises(InputError) as caught:
        ChangeLimit.parse(text).check(changes, read)
    assert str(caught.value).startswith(message)
    # Check mode is refused as well, so that it is no way to see them.
    assert str(caught.value).endswith(
        "Look at case_results, or the report. If the changes are meant, raise max_changes."
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Option max_changes: '' is no number. Give a number from 0 on (50) or a share (10%)."),
        ("abc", "Option max_changes: 'abc' is no number."),
        ("-1", "Option max_changes: '-1' is no number."),
        ("+1", "Option max_changes: '+1' is no number."),
        ("1.5", "Option max_changes: '1.5' is no number."),
        ("1e3", "Option max_changes: '1e3' is no number."),
        ("1_000", "Option max_changes: '1_000' is no number."),
        ("1,000", "Option max_changes: '1,000' is no number."),
        ("%", "Option max_changes: '%' is no number."),
        ("10%%", "Option max_changes: '10%%' is no number."),
        ("10 % of them", "Option max_changes: '10 % of them' is no number."),
        ("-10%", "Option max_changes: '-10%' is no number."),
        (".5%", "Option max_changes: '.5%' is no number."),
        ("1.%", "Option max_changes: '1.%' is no number."),
        ("nan%", "Option max_changes: 'nan%' is no number."),
        ("\u0661", "Option max_changes: '\u0661' is no number."),
        ("1000000000", "Option max_changes: '1000000000' is no number."),
        ("\x1b[31m", "Option max_changes: '[31m' is no number."),
        ("101%", "Option max_changes: is 101%. A share is from 0% to 100%."),
        ("100.1%", "Option max_changes: is 100.1%. A share is from 0% to 100%."),
    ],
)
def test_what_is_no_limit(text, message):
    with pytest.raises(InputError) as caught:
        ChangeLimit.parse(text)
    assert str(caught.value).startswith(message)
