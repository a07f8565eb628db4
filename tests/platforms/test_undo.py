# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""undo on each platform, alone and in pairs: check, real, again."""

from __future__ import annotations

from tests.platforms.cell import check_real_again
from tests.platforms.entries import UNDO
from tests.platforms.table import ALONE, CONCURRENT, LOST, STALE, Cell
from tests.simulator.process import Simulator

ENTRIES, PAIRS = [UNDO], [ALONE, STALE, LOST, CONCURRENT]


def test_a_cell(cell: Cell, platform: Simulator) -> None:
    check_real_again(cell, platform)
