# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README says what the code says."""

from __future__ import annotations

from pathlib import Path

from tests.simulator import faults, process, switches

README = (Path(process.__file__).parent / "README.md").read_text(encoding="utf-8")


def test_the_table_of_switches() -> None:
    assert switches.markdown_table() in README, "print(switches.markdown_table()) and paste it"


def test_every_fault_is_described() -> None:
    assert [kind for kind in faults.KINDS if f"| `{kind}` |" not in README] == []
