# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.tools import pythons


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_a_working_python_is_found() -> None:
    assert pythons.find([Path(sys.executable)]).keys() == {sys.version_info[:2]}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("echo 'command not found' >&2; exit 127", id="shim"),
        pytest.param("echo 'No module named ensurepip' >&2; exit 1", id="no venv"),
        pytest.param("echo hello", id="not a Python"),
        pytest.param("echo 3 7 /usr/bin/python3.7", id="too old"),
    ],
)
def test_what_does_not_work_is_left_out(tmp_path: Path, text: str) -> None:
    assert pythons.find([script(tmp_path / "python3", text)]) == {}


def test_the_first_of_several_counts(tmp_path: Path) -> None:
    files = [script(tmp_path / name, f"echo 3 12 /{name}/python3") for name in ("one", "two")]
    assert pythons.find(files) == {(3, 12): Path("/one/python3")}


def test_a_missing_file_is_no_error(tmp_path: Path) -> None:
    assert pythons.find([tmp_path / "python3"]) == {}
