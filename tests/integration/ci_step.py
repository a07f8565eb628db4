# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a shell step of an example of docs/ci, as its product runs it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests import canaries
from tests.simulator.process import Simulator


def run_step(
    shell: Sequence[str], script: str, folder: Path, environment: Mapping[str, str], simulator: Simulator
) -> tuple[int, str]:
    """Return the exit code and the output of a step in a folder, whose .venv stands in for an installation."""
    done = subprocess.run(
        [*shell, script],
        cwd=folder,
        env={**environment, "PATH": os.pathsep.join([str(folder / ".venv/bin"), os.environ["PATH"]])},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    output = done.stdout + done.stderr
    canaries.assert_none(canaries.of(simulator), output, where="output of ansible-playbook")
    return done.returncode, output
