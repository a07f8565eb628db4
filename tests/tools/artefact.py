# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the artefact and import it as Galaxy would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DIRECTORY = ROOT / ".cache/artefact"


def main() -> int:
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    DIRECTORY.mkdir(parents=True)
    build = [sys.executable, "-m", "ansible", "galaxy", "collection", "build", "--output-path", DIRECTORY]
    subprocess.run(build, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    (artefact,) = DIRECTORY.glob("*.tar.gz")
    done = subprocess.run(
        [sys.executable, "-m", "galaxy_importer.main", artefact],
        cwd=DIRECTORY,
        # ansible-lint has its own step.
        env={**os.environ, "GALAXY_IMPORTER_RUN_ANSIBLE_LINT": "false"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    # The importer ends with 0 even if it refuses the artefact.
    found = [line for line in done.stdout.splitlines() if line.startswith(("ERROR", "WARNING"))]
    if done.returncode or found:
        print(done.stdout, end="")
        return 1
    print(f"{artefact.name}: imported")
    return 0


if __name__ == "__main__":
    sys.exit(main())
