# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each defence of the threat model names tests, and those tests are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/threat-model.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[^`]+)`", PAGE)))


@pytest.mark.parametrize("name", NAMED)
def test_the_test_is_there(name):
    path, _colons, function = name.partition("::")
    text = (ROOT / path).read_text(encoding="utf-8")
    assert f"\ndef {function}(" in text if function else re.search(r"^def (test_|assert_)", text, re.MULTILINE)


def test_each_defence_is_held_by_a_test():
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and line.count(" | ") == 2]
    defences = [row for row in rows if not row.startswith(("| threat |", "| --- |"))]
    assert len(defences) > 15
    assert [row for row in defences if "`tests/" not in row] == []
