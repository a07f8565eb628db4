# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hostile text in a report is text."""

from __future__ import annotations

import json
import re

import pytest

from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import render
from tests import evidence, hostile_text
from tests.unit.plugins.plugin_utils._report.readers import READABLE, elements_and_texts, first_lines, squeezed
from tests.unit.plugins.plugin_utils._report.reports import MIXED, REPORTS, changed, finding, report


@pytest.mark.parametrize("format", READABLE)
def test_the_name_of_a_tenant_is_text_in_the_first_line(format):
    for title, text in TEXTS.items():
        lines = first_lines(render({**MIXED, "scope": f"tenant {text[:100]}"}, format), format)
        shown = "".join(" " if hostile_text.steering(char) else char for char in f"tenant {text[:100]}")
        for line in lines:
            assert hostile_text.steering(line) == [], title
            assert squeezed(FORBIDDEN.sub(" ", shown))[:80] in squeezed(line), title


TEXTS = hostile_text.texts("/tmp/nowhere")
# Beside what steers a terminal or a reader's eye, what no XML document may hold
FORBIDDEN = re.compile("[\ufffe\uffff]")


def hostile(value, text, skip=("report", "mode", "result", "passed", "outcome")):
    """Return the report with the text in place of every other text, each with a mark of its own."""
    numbers = iter(range(10_000))

    def replace(value):
        if isinstance(value, dict):
            return {key: item if key in skip else replace(item) for key, item in value.items()}
        if isinstance(value, list):
            return [replace(item) for item in value]
        return f"{text} m{next(numbers)}" if isinstance(value, str) else value

    return replace(value)


@pytest.mark.parametrize("format", READABLE)
@pytest.mark.parametrize("name", ["mixed", "applied", "edited", "flapping", "merged", "cases", "early", "by plan"])
def test_hostile_text_is_text_in_every_field(name, format):
    full = {**REPORTS[name], "error": "Error"}
    plain = elements_and_texts(render(hostile(full, "x"), format), format)[0]
    for title, text in TEXTS.items():
        rendered = render(hostile(full, text), format)
        assert hostile_text.steering(rendered) == [], title
        assert not FORBIDDEN.search(rendered), title
        elements, texts = elements_and_texts(rendered, format)
        assert elements == plain, title
        shown = "".join(" " if hostile_text.steering(char) else char for char in f"{text} m"[:100])
        # What is longer is cut, in the tables of Markdown first.
        assert squeezed(FORBIDDEN.sub(" ", shown)) in squeezed(texts), title
        evidence.record("hostile text", text=title, place="each text of a report", through=f"{format} report")


def test_hostile_text_is_kept_in_json():
    for title, text in TEXTS.items():
        given = hostile(REPORTS["mixed"], text)
        rendered = render(given, "json")
        assert json.loads(rendered) == given, title
        assert rendered.replace("\n", "").isprintable(), title
        evidence.record("hostile text", text=title, place="each text of a report", through="JSON report")


@pytest.mark.parametrize("format", READABLE)
def test_a_long_text_is_cut_where_people_read_it(format):
    (long,) = (text for text in TEXTS.values() if len(text) >= 2**20 - 9)
    assert len(render(report([changed(1, name=long)], [finding(2, name=long)]), format)) < 100_000
