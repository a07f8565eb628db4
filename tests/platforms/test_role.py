# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role on some of the platforms, by ansible-playbook: check, real, again."""

from __future__ import annotations

import time

from tests.integration.hygiene import Analyst
from tests.integration.many import store
from tests.platforms import oracle
from tests.platforms.entries import POLICY, ROLE, Ran, expected
from tests.platforms.table import ALONE, Cell
from tests.simulator.process import Simulator

ENTRIES, PAIRS = [ROLE], [ALONE]


def play(analyst: Analyst, *arguments: str) -> Ran:
    """One run of the playbook hygiene, with its report as the result."""
    began = time.monotonic()
    played = analyst.hygiene(*arguments, rules=POLICY, report_dir="reports")
    report = analyst.report()
    assert bool(report["error"]) is (played.returncode == 4), played.output
    return Ran(report, bool(report["error"]), played.requests, time.monotonic() - began)


def test_a_cell(cell: Cell, platform: Simulator, analyst: Analyst) -> None:
    before = store(platform)
    cell.arm(platform)
    checked = play(analyst, "--check")
    oracle.assert_wrote_nothing(checked, before, store(platform))
    cell.arm(platform)
    done = play(analyst)
    after = store(platform)
    verdict = oracle.Verdict(cell, done, before, after, expected(ROLE, before))
    verdict.assert_true()
    verdict.assert_as_checked(checked)
    platform.advance(cell.settles_s)
    cell.arm(platform)
    again = play(analyst)
    oracle.assert_quiet(cell, again, after, store(platform))
    for ran in (checked, done, again):
        oracle.assert_bounded(ran, len(before))
    cell.record(verdict.outcome)
