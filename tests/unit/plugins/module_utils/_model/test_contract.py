# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The claims are those of docs/api.md, each is answered or says why not, and the document is a table for a reader."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._api.contract import _ASK, _POINT_OF
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.contract import (
    ANSWERS,
    CLAIMS,
    SECTIONS,
    Answer,
    coarse,
    confirmed,
    differs,
    document,
    markdown,
    summary,
    undecided,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.ping import no_capabilities

PAGE = Path(__file__).parents[5] / "docs/api.md"
FACTS = {
    "made_by": "stellarcyber.xdr 0.1.0, ansible-core 2.19.0, Python 3.12.1",
    "libraries": "requests 2.32.3, urllib3 2.5.0, OpenSSL 3.0.19",
    "date": "2026-11-28",
    "requests": {"read": 51, "write": 0, "retry": 1},
}


def of_the_page() -> dict[str, list[tuple[str, str]]]:
    """The id and the words of each claim, by the heading of its table."""
    found: dict[str, list[tuple[str, str]]] = {}
    heading = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        heading = line[3:] if line.startswith("## ") else heading
        row = re.fullmatch(r"\| `([a-z_.]+\.[a-z_.]+)` \| (.+) \| (.+) \|", line)
        if row:
            assert row[3]
            found.setdefault(heading, []).append((row[1], row[2]))
    return found


def test_the_claims_are_those_of_the_page() -> None:
    assert of_the_page() == {name: [claim[:2] for claim in claims] for name, claims in SECTIONS.items()}


def test_each_claim_is_answered_or_says_why_no_read_can() -> None:
    assert set(_ASK) == {claim.id for claim in CLAIMS.values() if not claim.why_not_read}
    assert len(CLAIMS) == sum(map(len, SECTIONS.values()))
    for claim in CLAIMS.values():
        assert not claim.why_not_read or claim.why_not_read.endswith(".")
        assert "|" not in claim.words
        assert not claim.words.endswith(".")


def test_the_points_of_the_capabilities_are_those_that_are_asked() -> None:
    known = no_capabilities()
    points = {f"{group}.{name}" if isinstance(of, dict) else group for group, of in known.items() for name in of or "-"}
    assert set(_POINT_OF) <= set(_ASK)
    assert set(_POINT_OF.values()) <= points | {"deep_skip", "without_window"}
    assert len(set(_POINT_OF.values())) == len(_POINT_OF)


@pytest.mark.parametrize(
    ("count", "said"),
    [
        *((0, "0"), (1, "1"), (2, "2 to 9"), (9, "2 to 9"), (10, "10 to 49"), (49, "10 to 49"), (50, "50 to 99")),
        *((100, "100 to 199"), (199, "100 to 199"), (200, "200 to 499"), (500, "500 to 999")),
        *((1000, "1,000 to 9,999"), (9999, "1,000 to 9,999"), (10_000, "10,000 or more"), (10**9, "10,000 or more")),
    ],
)
def test_a_number_of_records_is_coarse(count: int, said: str) -> None:
    assert coarse(count) == said


def made(**more: Answer) -> dict[str, Any]:
    answers = {claim: confirmed() for claim in _ASK}
    return document(FACTS, {**answers, **{name.replace("__", "."): answer for name, answer in more.items()}})


def test_a_document_has_all_claims_in_the_order_of_the_page() -> None:
    found = made(list__total=differs("It is 0."), case__tags=undecided("No."), list__skip=Answer("confirmed", "", 2))
    assert [row["id"] for row in found["claims"]] == list(CLAIMS)
    assert list(found) == ["contract", *FACTS, "counts", "claims"]
    rows = {row["id"]: row for row in found["claims"]}
    assert rows["list.total"] == {
        "id": "list.total",
        "section": "Lists",
        "claim": CLAIMS["list.total"].words,
        "answer": "differs",
        "reason": "It is 0.",
        "requests": 0,
    }
    assert rows["list.skip"]["requests"] == 2
    assert (rows["write.update"]["answer"], rows["write.update"]["reason"]) == ("not_read", "It needs a write.")
    assert list(found["counts"]) == list(ANSWERS)
    assert found["counts"]["differs"] == found["counts"]["undecided"] == 1
    assert sum(found["counts"].values()) == len(CLAIMS)


def test_the_summary() -> None:
    counts = {"confirmed": 40, "differs": 1, "undecided": 0, "not_read": 17}
    assert summary(counts) == "58 claims: 40 confirmed, 1 different, 0 undecided, 17 not settled by reads."


def test_markdown_has_what_differs_first_and_each_claim_once() -> None:
    found = made(list__total=differs("It is 0."), case__tags=undecided("All have tags."))
    text = markdown(found)
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == ["The platform differs", "Undecided", "Confirmed", "Can't be settled by a read"]
    rows = re.findall(r"^\| ([a-z_.]+\.[a-z_]+) \|", text, re.MULTILINE)
    assert sorted(rows) == sorted(CLAIMS)
    assert rows[:2] == ["list.total", "case.tags"]
    assert "| list.total | " + CLAIMS["list.total"].words + " | It is 0. | 0 |" in text
    for fact in (FACTS["made_by"], FACTS["libraries"], "2026-11-28", "51 reads, 1 of them retries; 0 writes"):
        assert f" | {fact} |" in text
    assert "platform's version | (not in the API" in text
    # Each table has a head of as many columns as its rows.
    for block in text.split("\n\n"):
        if block.startswith("|"):
            assert len({line.count(" |") for line in block.splitlines()} - {block.splitlines()[0].count(" |")}) <= 1


def test_a_section_without_a_claim_is_left_out() -> None:
    assert "## Undecided" not in markdown(made())
