# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of stellar_cases beside the connection. The options of a rule and of an item are in rules.py."""

from __future__ import annotations

from typing import Any

CASES: dict[str, Any] = {
    "argument_spec": {
        "cases": {"type": "list", "elements": "dict"},
        "rules": {"type": "list", "elements": "dict"},
        "undo_file": {"type": "path"},
        "plan": {"type": "path"},
        "plan_file": {"type": "path"},
        "plan_title": {"type": "str"},
        "plan_guard": {"type": "str", "choices": ["fields", "modified_at"]},
        "plan_max_age": {"type": "str"},
        "undo_only": {"type": "list", "elements": "str"},
        "allow_other_platform": {"type": "bool", "default": False},
        "return_compliant": {"type": "bool", "default": False},
        "max_diff": {"type": "int", "default": 100},
        "summary_only": {"type": "bool", "default": False},
        "max_changes": {"type": "str"},
        "concurrency": {"type": "int", "default": 8},
        "on_error": {"type": "str", "choices": ["continue", "stop"], "default": "continue"},
        "time_budget": {"type": "float"},
        "progress_interval": {"type": "float", "default": 10.0},
        "recheck_after": {"type": "float", "default": 5.0},
        "journal": {"type": "path"},
    },
    "mutually_exclusive": [("cases", "rules", "undo_file", "plan"), ("plan", "plan_file"), ("undo_file", "plan_file")],
    "required_one_of": [("cases", "rules", "undo_file", "plan")],
    "required_if": [("summary_only", True, ("undo_file",))],
    "required_by": {"undo_only": ("undo_file",)},
}

# The options that limit or protect, beside those of the connection
CASES_LIMITS = (
    "cases",
    "rules",
    "undo_file",
    "undo_only",
    "plan",
    "plan_file",
    "plan_guard",
    "plan_max_age",
    "max_changes",
    "on_error",
    "time_budget",
    "journal",
)
