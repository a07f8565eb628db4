# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contracts of import-linter, as make lint checks them, find what they are there for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
XDR = "ansible_collections/stellarcyber/xdr"
UTILS = "plugins/module_utils"

# name: (file, the import that is planted in it, what the tool then says)
PLANTED: dict[str, tuple[str, str, str]] = {
    "an import upwards": (f"{UTILS}/_model/plan.py", "from .._run import bulk", "Imports point one way"),
    "an import upwards, in a function": (
        f"{UTILS}/_http/session.py",
        "def later():\n    from .._api import reader\n    return reader",
        "Imports point one way",
    ),
    "a circle": (f"{UTILS}/_http/session.py", "from . import client", "No circles"),
    "a circle of folders": (f"{UTILS}/_model/times.py", "from .._http import auth", "Imports point one way"),
    "input and output in the model": (f"{UTILS}/_model/case.py", "import os", "knows nothing of Ansible"),
    "Ansible in the model": (f"{UTILS}/_errors.py", "import ansible.module_utils.basic", "knows nothing of Ansible"),
}


def lint_imports(directory: Path) -> subprocess.CompletedProcess[str]:
    # Without site, whose .pth file leads to the tree itself beside the copy
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-S", "-c", command, "--no-logo", "--no-cache", ROOT / "pyproject.toml"],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(directory), sysconfig.get_paths()["purelib"]])},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a collections folder with a copy of the plugins."""
    directory = tmp_path_factory.mktemp("floors")
    shutil.copytree(ROOT / "plugins", directory / XDR / "plugins", ignore=shutil.ignore_patterns("__pycache__"))
    return directory


def test_the_tree_keeps_the_contracts(tree: Path) -> None:
    done = lint_imports(tree)
    assert done.returncode == 0, done.stdout
    assert "3 kept, 0 broken" in done.stdout


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_import_breaks_a_contract(tree: Path, name: str) -> None:
    file, line, contract = PLANTED[name]
    path = tree / XDR / file
    before = path.read_text(encoding="utf-8")
    path.write_text(f"{before}\n{line}\n", encoding="utf-8")
    try:
        done = lint_imports(tree)
    finally:
        path.write_text(before, encoding="utf-8")
    assert done.returncode != 0
    assert [text for text in done.stdout.splitlines() if text.endswith("BROKEN") and contract in text], done.stdout
