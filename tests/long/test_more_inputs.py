# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every property of what runs in users' hands again, with ten times as many inputs: see tests/properties.py."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import is_hypothesis_test

ROOT = Path(__file__).parents[2]
FIXTURE = type(pytest.fixture(lambda: None))

for file in sorted((ROOT / "tests/unit").rglob("test_*.py")):
    if file.parent.name != "simulator" and "hypothesis" in file.read_text(encoding="utf-8"):
        names = vars(import_module(".".join(file.relative_to(ROOT).with_suffix("").parts)))
        tests = {f"{name}__{file.stem}": test for name, test in names.items() if is_hypothesis_test(test)}
        fixtures = {name: fixture for name, fixture in names.items() if isinstance(fixture, FIXTURE)}
        # Nothing is left out in silence: neither a file's properties, nor one of two that have the same name.
        assert tests, file
        assert not globals().keys() & {*tests, *fixtures}, file
        globals().update({**tests, **fixtures})
