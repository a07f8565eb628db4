# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a stream is still read, by its kind. How a playbook ends without a reader is in test_undo_line.py."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.stellarcyber.xdr.plugins.plugin_utils import _display
from tests.streams import ends


def opened(kind: str, folder: Path) -> tuple[int | None, int]:
    """Return the reader's end of a stream, if it has one, and the other end."""
    if kind in ("file", "null"):
        return None, os.open(os.devnull if kind == "null" else folder / "log", os.O_WRONLY | os.O_CREAT)
    return ends(kind, folder)


@pytest.mark.parametrize("owner", ["its user", "another user"])
@pytest.mark.parametrize("kind", ["pipe", "fifo", "socket", "terminal", "file", "null"])
def test_a_stream_is_read_until_its_reader_is_gone(
    kind: str, owner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, writer = opened(kind, tmp_path)
    with monkeypatch.context() as patch:
        if owner == "another user":
            patch.setattr(os, "open", forbidden)
        stream = _display._stream(writer)
    try:
        # A socket can't be opened by its path.
        assert isinstance(stream, int) == (kind == "socket" or owner == "another user")
        assert _display._is_read(stream)
        if reader is not None:
            os.close(reader)
            assert not _display._is_read(stream)
            # As at the start of a playbook
            assert not _display._is_read(_display._stream(writer))
    finally:
        os.close(writer)


def forbidden(*_arguments: Any) -> int:
    raise PermissionError


def test_a_closed_stream_is_not_read() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    os.close(writer)
    assert _display._stream(writer) is None
    assert not _display._is_read(None)
