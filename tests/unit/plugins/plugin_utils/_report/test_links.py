# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The address of a case: only https, and no value of the platform leaves its place in it."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest

from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.links import address, problem_of
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import render
from tests import evidence, hostile_text
from tests.unit.plugins.plugin_utils._report.readers import Page
from tests.unit.plugins.plugin_utils._report.reports import changed, finding, report

PATTERN = "https://{platform}/cases/{case_id}?ticket={ticket_id}"
VALUES = {"platform": "xdr.example.com", "case_id": "62fc", "ticket_id": "60001"}


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        (PATTERN, ""),
        ("https://xdr.example.com:8443/#/cases/{ticket_id}", ""),
        ("https://{platform}/{case_id}", ""),
        ("http://{platform}/{case_id}", "must begin with https://"),
        ("javascript:alert({case_id})", "must begin with https://"),
        ("HTTPS://x/{case_id}", "must begin with https://"),
        ("https://{case_id}/x", "must be https://, a host or {platform}, and a path without spaces and quotes"),
        ("https://user@evil.example/{case_id}", "must be https://, a host"),
        ('https://{platform}/"{case_id}', "must be https://, a host"),
        ("https://{platform}/{case_id}\n", "must be https://, a host"),
        ("https://{platform}/ {case_id}", "must be https://, a host"),
        ("https://{platform}/\u202e{case_id}", "must be https://, a host"),
        ("https://{platform}/{case_id", "has braces that do not match"),
        ("https://{platform}/{case_id}}", "has braces that do not match"),
        ("https://{platform}/{tenant}/{case_id}", "can have platform, case_id, ticket_id in braces only"),
        ("https://{platform}/{case_id.__class__}", "can have platform, case_id, ticket_id in braces only"),
        ("https://{platform}/{case_id!r}", "can have "),
        ("https://{platform}/{case_id:9}", "can have "),
        ("https://{platform}/{}{case_id}", "can have "),
        ("https://{platform}/cases", "needs {case_id} or {ticket_id}"),
        ("https://{platform}", "needs {case_id} or {ticket_id}"),
    ],
)
def test_what_is_a_pattern(pattern: str, problem: str) -> None:
    assert problem_of(pattern).startswith(problem)
    assert bool(problem_of(pattern)) == bool(problem)


def test_the_values_are_put_in() -> None:
    assert address(PATTERN, VALUES) == "https://xdr.example.com/cases/62fc?ticket=60001"
    assert address(PATTERN, {**VALUES, "platform": "xdr.example.com:8443"}).startswith("https://xdr.example.com:8443/")


@pytest.mark.parametrize("missing", ["", ".", ".."])
def test_without_a_value_there_is_no_address(missing: str) -> None:
    for name in VALUES:
        assert address(PATTERN, {**VALUES, name: missing}) == ""


def test_hostile_values_stay_in_their_place() -> None:
    for title, text in hostile_text.texts("/tmp/nowhere").items():
        text = text[:2000]
        found = address("https://xdr.example.com/a/{case_id}/b", {**VALUES, "case_id": text})
        if found:
            parts = urlsplit(found)
            assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("https", "xdr.example.com", "", "")
            start, middle, end = parts.path.removeprefix("/").split("/")
            assert (start, end) == ("a", "b"), title
            assert unquote(middle) == hostile_text.as_read(text), title
        evidence.record("hostile text", text=title, place="id of a case", through="link of the HTML report")


def hrefs(given: dict) -> list[str]:
    page = Page(render(given, "html"))
    return [value for value in page.links if value.startswith("https://")]


def test_tickets_are_links_where_a_pattern_is_given() -> None:
    rows = report([changed(1)], [finding(2)], flapping=[{"rule": "A", "case_id": "9", "field": "status"}])
    assert hrefs(rows) == []
    assert hrefs({**rows, "case_url": "https://{platform}/c/{case_id}"}) == [
        f"https://myserver.example.com/c/{2:024x}",
        f"https://myserver.example.com/c/{1:024x}",
        "https://myserver.example.com/c/9",
    ]
    # A report that was edited
    assert hrefs({**rows, "case_url": "javascript:alert({case_id})"}) == []
    assert hrefs({**rows, "case_url": 5}) == []
