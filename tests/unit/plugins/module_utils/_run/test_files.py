# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read of a path that a user names, whatever it is: never for ever."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.files import read_file

# More than a pipe holds
CONTENT = b"rules: []\n" * 20_000


def test_a_file() -> None:
    assert read_file(os.devnull) == b""
    assert read_file(__file__) == Path(__file__).read_bytes()


def test_a_named_pipe_that_nothing_writes_to_is_empty(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert read_file(str(tmp_path / "pipe")) == b""


def test_a_pipe_that_a_process_writes_to_is_read_to_its_end() -> None:
    """As in -e 'case_hygiene_policy_file=<(...)' of a shell."""
    reader, writer = os.pipe()

    def write() -> None:
        with open(writer, "wb") as stream:
            stream.write(CONTENT)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert read_file(f"/dev/fd/{reader}") == CONTENT
    finally:
        os.close(reader)
        thread.join(60)


@pytest.mark.parametrize(("name", "error"), [(".", IsADirectoryError), ("none", FileNotFoundError)])
def test_what_is_no_file(name: str, error: type[OSError], tmp_path: Path) -> None:
    with pytest.raises(error):
        read_file(str(tmp_path / name))
