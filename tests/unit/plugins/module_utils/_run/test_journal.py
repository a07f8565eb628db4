# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal: there before it is needed, whole lines only, and nobody else's to read or to overwrite."""

from __future__ import annotations

import errno
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run import journal as journal_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.journal import Journal, check_new, undo_file

ITEM = {"case_id": "c1", "name": "\x1b[31m\u2028{{ 7 * 7 }}\n", "if_unmodified_since": 1700000000000}
real_write = os.write


def test_what_is_written_is_what_undoes_it(tmp_path):
    path = tmp_path / "run.jsonl"
    with Journal(str(path)) as journal:
        with pytest.raises(InputError, match="contains nothing to undo: that run ended before its first write"):
            undo_file(path.read_text(), "run")
        journal.append({**ITEM, "if_unmodified_since": 1})
        journal.append({"case_id": "c2", "status": "New"}, ["comment"], 67535)
        journal.append(ITEM)
        # at once, so that a kill loses nothing
        found = undo_file(path.read_text(), "run")
        assert found.items == [ITEM, {"case_id": "c2", "status": "New"}]
        assert (found.irreversible, found.tickets) == ({"c2": ["comment"]}, {"c1": None, "c2": 67535})
    assert path.read_bytes().isascii()


def test_it_is_its_owners_alone_whatever_the_umask(tmp_path):
    path = tmp_path / "run.jsonl"
    umask = os.umask(0)
    try:
        Journal(str(path)).close()
    finally:
        os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_without_a_path_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Journal(None) as journal:
        journal.append(ITEM)
    assert not list(tmp_path.iterdir())


def exists(path):
    path.write_text("an earlier run")


def is_folder(path):
    path.mkdir()


def is_link_to_nothing(path):
    path.symlink_to(path.with_name("elsewhere"))


# In check mode too
@pytest.mark.parametrize("create", [Journal, check_new])
@pytest.mark.parametrize("occupy", [exists, is_folder, is_link_to_nothing])
def test_what_exists_is_not_overwritten(tmp_path, occupy, create):
    path = tmp_path / "run.jsonl"
    occupy(path)
    with pytest.raises(InputError) as caught:
        create(str(path))
    assert str(caught.value) == (
        f"journal: {path} can't be created: it exists already. Give another name, or move the old one away: "
        "it undoes an earlier run. Nothing was written."
    )
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.jsonl"]
    assert not path.is_file() or path.read_text() == "an earlier run"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("missing/run.jsonl", "No such file or directory."),
        ("file/run.jsonl", "Not a directory."),
        ("x" * 300, "File name too long."),
    ],
)
def test_where_it_cannot_be(tmp_path, path, why):
    (tmp_path / "file").touch()
    with pytest.raises(InputError) as caught:
        Journal(str(tmp_path / path))
    assert str(caught.value) == (
        f"journal: {tmp_path / path} can't be created: {why} "
        "Give a path in a folder that exists and can be written. Nothing was written."
    )


def test_check_mode_tells_of_a_folder_that_is_not_there_and_creates_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in ("run.jsonl", str(tmp_path / "run.jsonl"), None):
        check_new(path)
    with pytest.raises(InputError, match="can't be created: No such file or directory"):
        check_new(str(tmp_path / "missing/run.jsonl"))
    monkeypatch.setattr(journal_module.os, "access", lambda *arguments: False)
    with pytest.raises(InputError, match="can't be created: Permission denied"):
        check_new("run.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    # The tests may run as root, whom no folder refuses.
    def refuse(*arguments):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(journal_module.os, "open", refuse)
    with pytest.raises(InputError, match=r"can't be created: Permission denied\. Give a path in a folder that"):
        Journal(str(tmp_path / "run.jsonl"))


def full_disk(monkeypatch, room):
    """Let so many bytes be written yet."""
    left = room

    def write(file, data):
        nonlocal left
        if not left:
            raise OSError(errno.ENOSPC, "No space left on device")
        part = data[:left]
        left -= len(part)
        return real_write(file, part)

    monkeypatch.setattr(journal_module.os, "write", write)


def test_a_disk_that_is_full_at_once_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    full_disk(monkeypatch, 5)
    with pytest.raises(InputError, match=r"can't be created: No space left on device\."):
        Journal(str(tmp_path / "run.jsonl"))
    assert not list(tmp_path.iterdir())


def test_a_disk_that_becomes_full_leaves_whole_lines(tmp_path, monkeypatch):
    path = tmp_path / "run.jsonl"
    journal = Journal(str(path))
    journal.append(ITEM)
    whole = path.read_bytes()
    full_disk(monkeypatch, 20)
    with pytest.raises(OSError, match="No space left on device"):
        journal.append({"case_id": "c2", "status": "New"})
    assert path.read_bytes() == whole
    # Somebody made room.
    monkeypatch.setattr(journal_module.os, "write", real_write)
    journal.append({"case_id": "c3", "status": "New"})
    journal.close()
    assert undo_file(path.read_text(), "run").items == [ITEM, {"case_id": "c3", "status": "New"}]


def test_many_threads_write_whole_lines(tmp_path, monkeypatch):
    # A system that writes but a few bytes at a time would mix lines, were they not written one after the other.
    monkeypatch.setattr(journal_module.os, "write", lambda file, data: real_write(file, data[:7]))
    path = tmp_path / "run.jsonl"
    with Journal(str(path)) as journal, ThreadPoolExecutor(16) as pool:
        for number in range(200):
            pool.submit(journal.append, {"case_id": f"c{number}", "name": "x" * number})
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert entries[0] == {"journal": 1, "collection": "stellarcyber.xdr"}
    assert {entry["undo"]["case_id"]: len(entry["undo"]["name"]) for entry in entries[1:]} == {
        f"c{number}": number for number in range(200)
    }


def test_closing_twice_is_closing_once(tmp_path):
    journal = Journal(str(tmp_path / "run.jsonl"))
    journal.close()
    journal.close()
    journal.append(ITEM)
    assert len((tmp_path / "run.jsonl").read_text().splitlines()) == 1
