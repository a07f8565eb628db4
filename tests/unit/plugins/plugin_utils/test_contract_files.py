# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The folder of the contract's files is checked before a run, and the files are for their owner alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils import _files
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._contract_files import NAMES, ContractFiles

DOCUMENT: dict[str, Any] = {
    "made_by": "stellarcyber.xdr 0.1.0",
    "libraries": "requests 2.32.3",
    "date": "2026-11-28",
    "requests": {"read": 1, "write": 0, "retry": 0},
    "counts": {"confirmed": 1, "differs": 0, "undecided": 0, "not_read": 0},
    "claims": [{"id": "a.b", "claim": "it", "answer": "confirmed", "reason": "", "requests": 1}],
}


def test_a_folder_that_is_not_there_yet_is_created_by_the_write_only(tmp_path: Path) -> None:
    files = ContractFiles(str(tmp_path / "new/folder"))
    files.check()
    assert list(tmp_path.iterdir()) == []
    files.write(DOCUMENT)
    assert files.paths == [str(tmp_path / "new/folder" / name) for name in NAMES]
    assert {os.stat(path).st_mode & 0o777 for path in files.paths} == {0o600}
    assert json.loads(Path(files.paths[0]).read_text(encoding="utf-8")) == DOCUMENT


@pytest.mark.parametrize("inside", ["", "/in", "/in/it"])
def test_a_file_in_its_place_is_refused(tmp_path: Path, inside: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"^contract_dir: can't write files in /.*: Not a directory\. Give a folder "):
        ContractFiles(f"{tmp_path}/file{inside}").check()


def test_a_link_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match="Not a directory"):
        ContractFiles(str(tmp_path / "link")).check()


def test_a_folder_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # root has each permission, so that it is denied here.
    asked = []

    def access(path: str, mode: int) -> bool:
        asked.append((path, mode))
        return False

    monkeypatch.setattr(os, "access", access)
    with pytest.raises(InputError, match=r"^contract_dir: can't write files in /.*/new: Permission denied\. "):
        ContractFiles(str(tmp_path / "new")).check()
    assert asked == [(str(tmp_path), os.W_OK | os.X_OK)]


def test_a_file_that_can_not_be_replaced_is_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = ContractFiles(str(tmp_path))
    files.write(DOCUMENT)

    def full(*paths: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_files.os, "replace", full)
    with pytest.raises(InputError, match="No space left on device"):
        files.write({**DOCUMENT, "date": "2026-11-29"})
    assert sorted(path.name for path in tmp_path.iterdir()) == list(NAMES)
    assert json.loads(Path(files.paths[0]).read_text(encoding="utf-8")) == DOCUMENT
