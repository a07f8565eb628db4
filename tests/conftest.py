# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For every suite: how many tests there were and how long they took goes to the evidence."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests import evidence

BEGAN = time.monotonic()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Called in the process that has the terminal, once, however many processes run tests."""
    counts = {outcome: len(terminalreporter.stats.get(outcome, ())) for outcome in ("passed", "failed", "skipped")}
    for suite in {path.partition("tests/")[2].partition("/")[0] for path in map(str, config.args)}:
        evidence.record("suite", suite=suite, seconds=round(time.monotonic() - BEGAN), **counts)
