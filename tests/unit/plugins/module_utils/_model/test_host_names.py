# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of hosts for tenants."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.host_names import host_names, slug
from tests import hostile_text

A, B, C = "a" * 32, "b" * 32, "c" * 32
SAFE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Example Clinic", "example-clinic"),
        ("  Straße & Söhne (EMEA) ", "strasse-sohne-emea"),
        ("\uff26\uff55\uff4c\uff4c width", "full-width"),
        ("a__b--c", "a-b-c"),
        ("东京", ""),
        ("{{ x }}", "x"),
        ("../etc:!&~[0:9]", "etc-0-9"),
        ("x" * 300, "x" * 60),
        ("x" * 59 + " y", "x" * 59),
        ("", ""),
    ],
)
def test_slug(text, wanted):
    assert slug(text) == wanted


@pytest.mark.parametrize("name", hostile_text.TEXTS)
def test_a_hostile_text_becomes_a_safe_name(name):
    found = slug(hostile_text.TEXTS[name])
    assert found == "" or SAFE.fullmatch(found)


@pytest.mark.parametrize(
    ("tenants", "taken", "names", "clashes"),
    [
        ([(A, "One"), (B, "Two")], (), ["one", "two"], []),
        ([(A, "One"), (B, "ONE")], (), ["one-aaaaaaaa", "one-bbbbbbbb"], ["one"]),
        ([(A, "One"), (B, "Two")], ("one",), ["one-aaaaaaaa", "two"], ["one"]),
        ([(A, ""), (B, "东京")], (), ["tenant-aaaaaaaa", "tenant-bbbbbbbb"], []),
        # Of ids that begin alike
        ([(A, "One"), (A[:-1] + "0", "one")], (), [f"one-{A}", f"one-{A[:-1]}0"], ["one"]),
        # One that has the name that another one would get
        (
            [(A, "One"), (B, "one"), (C, "one aaaaaaaa")],
            (),
            [f"one-{A}", "one-bbbbbbbb", "one-aaaaaaaa-cccccccc"],
            ["one", "one-aaaaaaaa"],
        ),
        ([(A.upper(), "One"), (B, "one")], (), ["one-aaaaaaaa", "one-bbbbbbbb"], ["one"]),
        ([("not-hex", "One"), ("other", "One")], (), ["one-95340811", "one-d9298a10"], ["one"]),
    ],
)
def test_names_and_clashes(tenants, taken, names, clashes):
    found, said = host_names(tenants, taken)
    assert [found[id_] for id_, _name in tenants] == names
    assert said == clashes


def test_a_name_that_is_taken_at_every_length_stays():
    """The caller says so."""
    found, _clashes = host_names([(A, "One")], ("one", "one-aaaaaaaa", f"one-{A}"))
    assert found == {A: f"one-{A}"}


NAMES = st.one_of(st.sampled_from(["a", "A", "a aaaaaaaa", "", "b", "é", "all"]), st.text(max_size=20))
TENANTS = st.dictionaries(st.one_of(st.sampled_from([A, B, C, A[:-1] + "0"]), st.text("ab-_", max_size=4)), NAMES)


@given(TENANTS, st.sets(st.sampled_from(["all", "a", "b", "a-aaaaaaaa"])))
def test_names_are_distinct_safe_and_of_no_order(tenants, taken):
    names, clashes = host_names(tenants.items(), taken)
    assert names.keys() == tenants.keys()
    assert len(set(names.values())) == len(names)
    assert not set(names.values()) & taken
    assert all(SAFE.fullmatch(name) and len(name) <= 93 for name in names.values())
    for order in itertools.islice(itertools.permutations(tenants.items()), 5):
        assert host_names(order, taken) == (names, clashes)
