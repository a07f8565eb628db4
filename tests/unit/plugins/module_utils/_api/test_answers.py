# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists in answers, empty ones in each form."""

from __future__ import annotations

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._api.answers import case_in, plain_list_in, records_in


@pytest.mark.parametrize(
    ("answer", "records", "total"),
    [
        ({"data": {"cases": [1], "total": 1}}, [1], 1),
        ({"data": {"cases": [1]}}, [1], None),
        ({"data": {"cases": [1], "total": "many"}}, [1], None),
        ({"data": {"cases": [], "total": 0}}, [], 0),
        ({"data": {"cases": None, "total": 0}}, [], 0),
        ({"data": {"cases": None}}, [], None),
        ({"data": {"cases": None, "total": 5}}, [], 5),
        ({"data": {"total": 0}}, [], 0),
        ({"data": []}, [], None),
        ({"data": None}, [], None),
        ({}, None, None),
        ({"data": {}}, None, None),
        ({"data": {"error": "x"}}, None, None),
        ({"data": [1]}, None, None),
        ({"data": "x"}, None, None),
        ({"data": {"cases": {"0": 1}, "total": 1}}, None, 1),
        ({"detail": 1}, None, None),
    ],
)
def test_a_list_with_its_own_key(answer, records, total):
    assert records_in(answer, "cases") == (records, total)


def test_a_later_page_may_have_nothing():
    assert records_in({"data": {}}, "docs", is_later_page=True) == ([], None)
    assert records_in({"data": {"error": 1}}, "docs", is_later_page=True) == (None, None)


@pytest.mark.parametrize(
    ("answer", "records"),
    [({"data": [1]}, [1]), ({"data": []}, []), ({"data": None}, []), ({}, None), ({"data": {}}, None)],
)
def test_a_plain_list(answer, records):
    assert plain_list_in(answer) == records


def test_a_case_is_normalised():
    assert case_in({"data": {"_id": "1", "score": "7", "modified_at": "1660742474343"}}) == {
        "_id": "1",
        "score": 7,
        "modified_at": 1_660_742_474_343,
    }
    assert case_in({"data": None}) is None
