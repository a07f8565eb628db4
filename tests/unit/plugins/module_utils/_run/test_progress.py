# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a line of progress is shown, and what it says."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.outcome import CHANGED, FAILED, OK, SKIPPED
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.progress import Progress


class Run:
    """A run with a clock of its own."""

    def __init__(self, interval: float = 10, show: Any = None) -> None:
        self.now = 100.0
        self.lines: list[tuple[float, str]] = []
        self.progress = Progress(show or self._shown, interval, lambda: self.now)

    def _shown(self, line: str) -> None:
        self.lines.append((self.now - 100, line))

    def read(self, number: int, each: float) -> None:
        for _number in range(number):
            self.now += each
            self.progress.read()

    def done(self, outcome: str, number: int, each: float) -> None:
        for _number in range(number):
            self.now += each
            self.progress.done(outcome)


def test_the_first_line_after_5_seconds_and_then_one_in_each_interval() -> None:
    run = Run()
    run.read(2500, 0.01)
    assert [(round(at, 2), line) for at, line in run.lines] == [
        (5.0, "stellar_cases: 500 cases read"),
        (15.0, "stellar_cases: 1,500 cases read"),
        (25.0, "stellar_cases: 2,500 cases read"),
    ]


def test_the_reading_of_histories_is_no_silence() -> None:
    run = Run()
    for number in range(1200):
        run.now += 0.01
        run.progress.read_history(number, 1200)
    assert [line for _at, line in run.lines] == ["stellar_cases: 499 of 1,200 histories read"]


def test_updates_have_numbers_a_rate_and_the_time_that_is_left() -> None:
    run = Run(interval=4)
    run.progress.start(838)
    run.done(CHANGED, 107, 1 / 27)
    run.done(FAILED, 3, 1 / 27)
    run.done(SKIPPED, 1, 1 / 27)
    run.done(OK, 200, 1 / 27)
    assert [line for _at, line in run.lines] == [
        "stellar_cases: 107 of 838 cases updated, 1 failed, 27/s, about 27 s left",
        "stellar_cases: 107 of 838 cases updated, 3 failed, 1 skipped, 27/s, about 23 s left",
    ]


@pytest.mark.parametrize(
    ("total", "each", "line"),
    [
        (1, 50, "stellar_cases: 1 of 1 case updated, 0.0/s, about 0 s left"),
        (2, 50, "stellar_cases: 1 of 2 cases updated, 0.0/s, about 50 s left"),
        (4, 50, "stellar_cases: 1 of 4 cases updated, 0.0/s, about 2 min left"),
        (5000, 5, "stellar_cases: 1 of 5,000 cases updated, 0.2/s, about 417 min left"),
    ],
)
def test_a_slow_platform(total: int, each: float, line: str) -> None:
    run = Run()
    run.progress.start(total)
    run.done(CHANGED, 1, each)
    assert [shown for _at, shown in run.lines] == [line]


def test_the_clock_of_updates_starts_with_them() -> None:
    run = Run()
    run.read(1, 95)
    run.progress.start(10)
    run.done(CHANGED, 5, 2)
    assert run.lines[-1][1] == "stellar_cases: 5 of 10 cases updated, 0.5/s, about 10 s left"


def test_no_line_in_a_short_run_without_an_interval_or_without_a_display() -> None:
    short, never = Run(), Run(interval=0)
    short.read(1, 4.9)
    never.read(9, 100)
    assert short.lines == never.lines == []
    silent = Progress(None, 1, iter(range(0, 10**6, 100)).__next__)
    silent.read()
    silent.start(1)
    silent.done(OK)
