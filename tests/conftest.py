# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For every suite: how many tests there were, how long they took and how many inputs they made up: the evidence."""

from __future__ import annotations

import signal
import time
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import settings

from tests import evidence, properties

BEGAN = time.monotonic()

# Who starts the tests in the background, as continuous integration may, has them and all that they start ignore it:
# a module would go on when the playbook was interrupted.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The mutants have a profile of their own.
if settings.get_current_profile_name() == "default":
    settings.load_profile("usual")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" and report.passed:
        properties.record(item)
    return report


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    # A suite that was interrupted was not run. Each process that runs tests has a summary of its own part.
    if exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) or hasattr(config, "workerinput"):
        return
    counts = {outcome: len(terminalreporter.stats.get(outcome, ())) for outcome in ("passed", "failed", "skipped")}
    counts["failed"] += len(terminalreporter.stats.get("error", ()))
    for suite in {path.partition("tests/")[2].partition("/")[0] for path in map(str, config.args)}:
        evidence.record("suite", suite=suite, seconds=round(time.monotonic() - BEGAN), **counts)
