# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests did, recorded as they run, for the tables and figures of tests/tools/reliability.py.

A test calls record(); `make` empties a suite's folder before the suite runs. Whoever runs a part of
a suite by pytest leaves nothing behind: it would count as the whole.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / ".cache/evidence"
# Only the Makefile sets it, where it runs a whole suite.
WHOLE = "EVIDENCE"


def record(kind: str, suite: str = "", **facts: Any) -> None:
    """Write down a fact of the test that runs. Its name and its suite (unit, integration, long, cores) are added."""
    if not os.environ.get(WHOLE):
        return
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
    folder = FOLDER / (suite or (test.split("/")[1] if test.startswith("tests/") else "other"))
    folder.mkdir(parents=True, exist_ok=True)
    # One file a process, since tests run in several.
    with (folder / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"kind": kind, "test": test, **facts}) + "\n")


def read() -> Iterator[dict[str, Any]]:
    """All that was written down, with the suite of each."""
    for file in sorted(FOLDER.glob("*/*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            yield {"suite": file.parent.name, **json.loads(line)}
