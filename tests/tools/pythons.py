# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the Python interpreters of this machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

Version = tuple[int, int]

# The base executable, since a virtual environment or a shim on PATH only leads to it. The import
# of ensurepip fails where Python is there but cannot make a virtual environment.
PROBE = "import ensurepip, sys, venv; print(*sys.version_info[:2], sys._base_executable)"


def candidates() -> Iterator[Path]:
    """Yield every file that is called like a Python, those of PATH first."""
    for directory in os.environ.get("PATH", os.defpath).split(os.pathsep):
        for name in ("python3", *(f"python3.{minor}" for minor in range(8, 20))):
            yield Path(directory, name)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob("versions/*/bin/python3"))


def probe(path: Path) -> tuple[Version, Path] | None:
    """Return version and path of a Python that works, found by running it.

    A name on PATH may be a shim that only says "command not found".
    """
    try:
        done = subprocess.run([path, "-Ic", PROBE], capture_output=True, text=True, timeout=30, check=True)
        major, minor, executable = done.stdout.strip().split(" ", 2)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return (int(major), int(minor)), Path(executable)


def find(paths: Iterable[Path] | None = None) -> dict[Version, Path]:
    """Return one working interpreter for each version from 3.8 on; the first one counts."""
    files = dict.fromkeys(path.resolve() for path in paths or candidates() if path.is_file())
    with ThreadPoolExecutor() as pool:
        answers = [answer for answer in pool.map(probe, files) if answer]
    return {version: path for version, path in reversed(answers) if version >= (3, 8)}
