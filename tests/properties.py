# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Property tests: with how many inputs they run, and what of them goes to the evidence.

A test that needs more or fewer inputs than most takes settings(max_examples=2 * settings.default.max_examples).
"""

from __future__ import annotations

import re
from typing import Any

from hypothesis import HealthCheck, settings

from tests import evidence

# The machine may be busy: neither a deadline, nor a complaint about time.
unhurried: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("usual", max_examples=100, **unhurried)
settings.register_profile("long", max_examples=1000, **unhurried)

# What the tests of a file are about, where its name doesn't tell
SUBJECTS = {
    "test_case_properties": "any object as a case",
    "test_client_properties": "client body",
    "test_input_properties": "files of policies and undo",
    "test_plan": "planner",
    "test_plan_properties": "planner",
    "test_policy_properties": "policy",
    "test_query_splits": "query",
    "test_query_properties": "query",
    "test_starter_policy": "policy",
    "test_time_properties": "times",
}


def in_words(name: str) -> str:
    return name.removeprefix("test_").replace("_", " ")


def record(item: Any) -> None:
    """Write down the inputs of a test that passed. Hypothesis tells them in words only."""
    words = getattr(item, "hypothesis_statistics", None)
    if words is None:
        return
    folder, _dot, file = item.function.__module__.rpartition(".")
    passing = sum(map(int, re.findall(r"(\d+) passing", words)))
    assert passing, f"Hypothesis counts otherwise by now: {words}"
    evidence.record(
        "fuzz",
        subject="simulator API" if folder.endswith("simulator") else SUBJECTS.get(file, in_words(file)),
        property=in_words(item.function.__name__),
        examples=passing,
    )
