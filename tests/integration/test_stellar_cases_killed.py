# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""stellar_cases that is ended in the middle: its journal undoes what it did. And journals that can't be written."""

from __future__ import annotations

import errno
import itertools
import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._run import journal as journal_module
from tests.integration.many import assert_restored, assert_true, case, managed, run, store
from tests.integration.playbook import ROOT, clean_environment
from tests.interrupted import CASES, RULES, WAYS, interrupted_run, puts, wait_for

pytestmark = pytest.mark.slow


def undo_lines(journal):
    """The undo items of a journal, by the case's id."""
    lines = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()[1:]]
    return {item["case_id"]: item for item in (line["undo"] for line in lines)}, Counter(
        line["undo"]["case_id"] for line in lines
    )


@pytest.mark.parametrize("how", WAYS)
def test_the_journal_of_a_run_that_was_ended_undoes_it(sim, tmp_path, how):
    sim.reset(seed=[case(number) for number in range(CASES)])
    sim.latency(150)
    before = store(sim)
    ansible_playbook = Path(sys.executable).parent / "ansible-playbook"
    journal = interrupted_run(sim, ansible_playbook, tmp_path, how, clean_environment(sim), ROOT)

    changed = {case_id for case_id, record in store(sim).items() if managed(record) != managed(before[case_id])}
    items, lines = undo_lines(journal)
    assert changed <= set(items)
    # One line before the write and one after it
    in_flight = [case_id for case_id, count in lines.items() if count == 1]
    assert len(in_flight) <= 4

    # An hour later, an analyst takes one case that was done and one whose answer never came.
    sim.latency(0)
    sim.advance(3600)
    taken = [next(case_id for case_id in lines if lines[case_id] == 2), *in_flight[:1]]
    for case_id in taken:
        sim.edit(case_id, {"severity": "Critical", "tags": {"add": ["mine"]}})
    check = run(sim, True, undo_file=str(journal))
    undone = run(sim, undo_file=str(journal))
    assert check.result["diff"] == undone.result["diff"]
    assert not undone.failed
    assert undone.counts["skipped"] == len(taken)
    for case_id in taken:
        assert "ohtani changed it" in undone.of(case_id)["reason"]
        record = sim.case(case_id)
        assert (record["status"], record["severity"]) == ("In Progress", "Critical")
    assert_restored(before, store(sim), but=taken)


def test_an_interrupted_run_does_not_try_again(sim, tmp_path):
    """The playbook is gone by then: a late write would come after its own undo."""
    sim.reset(seed=[case(number) for number in range(20)])
    sim.fault("status", status=503, retry_after="2", method="PUT", path="/cases/*", after=6, times=0)
    before = store(sim)
    journal = tmp_path / "journal.jsonl"

    def interrupt():
        wait_for(lambda: any(entry["status"] == 503 for entry in puts(sim)))
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        run(sim, rules=RULES, journal=str(journal), concurrency=4)
    thread.join()
    sent = Counter(entry["path"] for entry in puts(sim))
    assert set(sent.values()) == {1}
    assert len(sent) <= 10
    sim.clear_faults()
    assert not run(sim, undo_file=str(journal)).failed
    assert_restored(before, store(sim))


def test_the_journal_knows_how_long_a_write_had_to_wait(sim, tmp_path):
    """The platform asks to wait for longer than timeout. The run is killed when the write was applied at last."""
    sim.reset(seed=[case(0)])
    sim.fault("status", status=429, retry_after="3", method="PUT", path="/cases/*")
    before = store(sim)
    journal = tmp_path / "journal.jsonl"
    run(sim, rules=RULES, journal=str(journal), timeout=1)
    lines = journal.read_text(encoding="utf-8").splitlines()
    journal.write_text("\n".join(lines[:-1]), encoding="utf-8")
    assert run(sim, undo_file=str(journal)).counts == {"read": 1, "changed": 1}
    assert_restored(before, store(sim))


# -- journals that can't be written ---------------------------------------------------------------------


@pytest.fixture
def ten(sim):
    sim.reset(seed=[case(number) for number in range(10)])
    return sim


@pytest.mark.parametrize("place", ["no such folder", "a folder", "an older journal", "a read-only file system"])
def test_a_journal_that_cannot_be_created_is_an_error_before_any_write(ten, tmp_path, place):
    older = tmp_path / "older"
    older.write_text("what was before", encoding="utf-8")
    path = {
        "no such folder": tmp_path / "none/journal",
        "a folder": tmp_path,
        "an older journal": older,
        "a read-only file system": Path("/proc/journal"),
    }[place]
    before = store(ten)
    done = run(ten, rules=RULES, journal=str(path))
    assert done.failed
    assert f"journal: {path} can't be created" in done.result["msg"]
    assert "Nothing was written" in done.result["msg"]
    assert ten.writes() == []
    assert_true(done, before, store(ten))
    assert done.counts == {"read": 10, "skipped": 10}
    assert older.read_text(encoding="utf-8") == "what was before"


def test_check_mode_and_a_run_without_changes_write_no_journal(ten, tmp_path):
    journal = tmp_path / "journal"
    assert run(ten, True, rules=RULES, journal=str(journal)).counts["changed"] == 10
    assert not journal.exists()
    run(ten, rules=RULES)
    assert run(ten, rules=RULES, journal=str(journal)).counts == {}
    assert not journal.exists()


def test_a_journal_is_for_its_owner_only(ten, tmp_path):
    journal = tmp_path / "journal"
    umask = os.umask(0)
    try:
        run(ten, rules=RULES, journal=str(journal))
    finally:
        os.umask(umask)
    assert journal.stat().st_mode & 0o777 == 0o600


class FullDisk:
    """The module os, for a disk with room for so many bytes. again: whether somebody makes room after one error."""

    def __init__(self, room, again):
        self.room = room
        self.again = again

    def __getattr__(self, name):
        return getattr(os, name)

    def write(self, file, data):
        if not self.room:
            self.room = 10**6 if self.again else 0
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = os.write(file, data[: self.room])
        self.room -= written
        return written


@pytest.mark.parametrize("again", [False, True])
def test_a_journal_on_a_full_disk_is_never_behind_the_writes(ten, tmp_path, monkeypatch, again):
    """Wherever the disk is full: in the header, in the line before a write, in the line after it."""
    before = store(ten)
    for number, room in enumerate(itertools.chain(range(0, 80, 40), range(80, 900, 45))):
        journal = tmp_path / f"journal{number}"
        monkeypatch.setattr(journal_module, "os", FullDisk(room, again))
        done = run(ten, rules=RULES, journal=str(journal), concurrency=3)
        monkeypatch.setattr(journal_module, "os", os)
        after = store(ten)
        assert_true(done, before, after)
        assert done.failed
        assert "can't be created: No space left" in done.result["msg"] or (
            "the journal can't be written" in str(done.result["case_results"])
        )
        assert len(done.result["undo"]) <= 6
        changed = {case_id for case_id, record in after.items() if managed(record) != managed(before[case_id])}
        if not journal.exists():
            assert not changed
            continue
        items, _lines = undo_lines(journal)
        assert changed <= set(items)
        undone = run(ten, undo_file=str(journal))
        if not any(set(item) - {"case_id"} for item in items.values()):
            assert "contains nothing to undo" in undone.result["msg"]
        else:
            assert not undone.failed
        assert_restored(before, store(ten))
