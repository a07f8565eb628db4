# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of the policy on some of the platforms, alone and in pairs: check, real, again."""

from __future__ import annotations

from pathlib import Path

from tests.platforms.cell import check_real_again
from tests.platforms.entries import PLAN
from tests.platforms.table import ALONE, CONCURRENT, LOST, Cell
from tests.simulator.process import Simulator

ENTRIES, PAIRS = [PLAN], [ALONE, LOST, CONCURRENT]


def test_a_cell(cell: Cell, platform: Simulator, tmp_path: Path) -> None:
    check_real_again(cell, platform, tmp_path)
