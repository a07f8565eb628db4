# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one cell of an entry that writes runs: check, real, again."""

from __future__ import annotations

from pathlib import Path

from tests.integration.many import store
from tests.platforms import oracle
from tests.platforms.entries import LIST, LISTED, PLAN, POLICY, RULES, UNDO, expected, findings, writing_run
from tests.platforms.oracle import Verdict
from tests.platforms.table import Cell
from tests.simulator.process import Simulator


def check_real_again(cell: Cell, simulator: Simulator, folder: Path | None = None) -> None:
    """Run an entry in check mode, for real and again. The oracle judges each. folder: of the plan, if it is one."""
    runner, undo, original, plan = cell.runner(simulator), [], {}, str(folder and folder / "plan.json")
    listed = [number for number in LISTED if number < cell.platform.count]
    if cell.entry == UNDO:
        original = {case_id: oracle.facts(record) for case_id, record in store(simulator).items()}
        cell.arm(simulator)
        made = writing_run(runner, LIST if RULES in cell.platform.refused else RULES, False, listed)
        undo = made.result["undo"]
        assert undo, made.message
        simulator.advance(cell.settles_s)
    if cell.entry == PLAN:
        cell.arm(simulator)
        runner.cases(True, rules=POLICY, plan_file=plan)
    before = store(simulator)

    cell.arm(simulator)
    checked = writing_run(runner, cell.entry, True, listed, undo, plan)
    oracle.assert_bounded(checked, len(before))
    oracle.assert_wrote_nothing(checked, before, store(simulator))

    cell.arm(simulator)
    done = writing_run(runner, cell.entry, False, listed, undo, plan)
    after = store(simulator)
    wanted = {item["case_id"]: {} for item in undo} if cell.entry == UNDO else expected(cell.entry, before)
    verdict = Verdict(cell, done, before, after, wanted)
    verdict.assert_true()
    verdict.assert_as_checked(checked)
    oracle.assert_bounded(done, len(before))
    if cell.entry == RULES and not verdict.refused:
        unread = {item["case_id"] for item in done.items if item["outcome"] == "failed"}
        found = {finding["case_id"] for finding in done.result["findings"]}
        assert found <= findings(before)
        assert len(findings(before) - found - unread) <= sum(not case_id for case_id in unread)
    if cell.entry == UNDO:
        restored = {item["case_id"] for item in done.items if item["outcome"] == "changed"}
        for case_id in restored:
            kept = {"comments": oracle.facts(after[case_id])["comments"], **verdict.others.get(case_id, {})}
            assert oracle.facts(after[case_id]) == {**original[case_id], **kept}

    simulator.advance(cell.settles_s)
    cell.arm(simulator)
    again = writing_run(runner, cell.entry, False, listed, undo, plan)
    oracle.assert_quiet(cell, again, after, store(simulator))
    oracle.assert_bounded(again, len(before))
    cell.record(verdict.outcome)
