# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from tests.cores import cores


@pytest.mark.parametrize(
    ("series", "wanted"),
    [("2.18", "ansible-core~=2.18.0"), ("2.21", "ansible-core~=2.21.0"), ("2.22", "ansible-core~=2.22.0b1")],
)
def test_requirement(series: str, wanted: str) -> None:
    assert cores.requirement(series) == wanted


@pytest.mark.parametrize(
    ("series", "found", "chosen"),
    [
        ("2.18", [(3, 8), (3, 11), (3, 12)], (3, 11)),
        ("2.20", [(3, 11), (3, 13), (3, 12)], (3, 12)),
        ("2.22", [(3, 14), (3, 13)], (3, 13)),
    ],
)
def test_the_oldest_python_that_fits_is_chosen(
    series: str, found: list[tuple[int, int]], chosen: tuple[int, int]
) -> None:
    assert cores.choose(series, found) == chosen


@pytest.mark.parametrize("found", [[], [(3, 10)], [(3, 11)], [(3, 15)], [(2, 12)]])
def test_the_reason_is_given_where_no_python_fits(found: list[tuple[int, int]]) -> None:
    with pytest.raises(cores.Unavailable, match=r"ansible-core 2\.20 needs Python 3\.12 to 3\.14"):
        cores.choose("2.20", found)
