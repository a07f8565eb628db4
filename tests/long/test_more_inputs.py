# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every property of the unit tests again, with ten times as many inputs: see tests/properties.py."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from hypothesis import is_hypothesis_test

ROOT = Path(__file__).parents[2]

for file in sorted((ROOT / "tests/unit").glob("*/test_*.py")):
    if "hypothesis" in file.read_text(encoding="utf-8"):
        module = import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
        tests = {name: test for name, test in vars(module).items() if is_hypothesis_test(test)}
        globals().update({f"{name}__{file.stem}": test for name, test in tests.items()})
