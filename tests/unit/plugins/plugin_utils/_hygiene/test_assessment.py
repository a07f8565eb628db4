# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run means: its result, whether the policy check passed, and why not."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.assessment import (
    NO_RESULT,
    Settings,
    failure_of,
    make_report,
)

LIMIT = {"msg": "Aborted before the first write: 2 changes planned.", "error": {"type": "LimitError"}}


def report(run: dict[str, Any], error: str = "", check: bool = True, fail_on: str = "drift") -> dict[str, Any]:
    settings = Settings("stellarcyber.xdr 0.1.0", "2026-11-28T08:00:00Z", check, fail_on=fail_on)
    return make_report(settings, run, error, "2026-11-28T08:00:01Z")


def counts(changed: int = 0, skipped: int = 0, findings: int = 0) -> dict[str, Any]:
    return {"counts": {"changed": changed, "skipped": skipped, "findings": findings, "failed": 0, "ok": 0, "read": 9}}


# changed, skipped, findings; result in check mode, result of a real run
RESULTS = [
    ((0, 0, 0), "compliant", "compliant"),
    ((2, 0, 0), "drift", "changed"),
    ((0, 1, 0), "drift", "skipped"),
    ((2, 1, 3), "drift", "changed"),
    ((0, 1, 3), "drift", "skipped"),
    ((0, 0, 3), "findings", "findings"),
]


@pytest.mark.parametrize(("found", "in_check", "applied"), RESULTS)
def test_result(found: tuple[int, int, int], in_check: str, applied: str) -> None:
    assert report(counts(*found))["result"] == in_check
    assert report(counts(*found), check=False)["result"] == applied


OF_PLANS = [
    ((0, 0, 0), "as_planned", True),
    ((2, 0, 0), "changed", True),
    ((2, 1, 0), "skipped", False),
    ((0, 1, 0), "skipped", False),
]


@pytest.mark.parametrize(("found", "result", "passed"), OF_PLANS)
def test_result_of_an_applied_plan(found: tuple[int, int, int], result: str, passed: bool) -> None:
    settings = Settings("stellarcyber.xdr 0.1.0", "2026-11-24T05:54:00Z", False, plan="plan.json", applies_plan=True)
    made = make_report(settings, counts(*found), "", "2026-11-24T05:55:00Z")
    assert (made["result"], made["passed"]) == (result, passed)


# changed, findings, check mode, fail_on; the reason, without its frame
REASONS = [
    (1, 0, True, "drift", "1 case would change"),
    (2, 3, True, "drift", "2 cases would change"),
    (2, 1, True, "findings", "2 cases would change, 1 finding"),
    (0, 3, True, "findings", "3 findings"),
    (0, 3, True, "drift", ""),
    (2, 3, True, "none", ""),
    (2, 0, False, "drift", ""),
    (2, 0, False, "findings", ""),
    (2, 3, False, "findings", "3 findings"),
    (2, 3, False, "none", ""),
]


@pytest.mark.parametrize(("changed", "findings", "check", "fail_on", "reason"), REASONS)
def test_what_fails_the_check(changed: int, findings: int, check: bool, fail_on: str, reason: str) -> None:
    made = report(counts(changed, 0, findings), check=check, fail_on=fail_on)
    frame = f"The policy check failed: {reason}, and case_hygiene_fail_on is {fail_on}."
    assert (made["passed"], made["reason"]) == (not reason, frame if reason else "")
    assert made["error"] == ""


def test_an_error_is_the_reason_whatever_fails_the_check() -> None:
    made = report(counts(2), "HTTP 500.", fail_on="none")
    assert (made["result"], made["passed"], made["reason"], made["error"]) == ("error", False, "HTTP 500.", "HTTP 500.")


@pytest.mark.parametrize("check", [True, False])
def test_a_limit_is_a_result_of_its_own(check: bool) -> None:
    run = {**counts(0, 2), **LIMIT}
    made = report(run, failure_of(run), check, fail_on="none")
    assert (made["result"], made["passed"], made["reason"], made["error"]) == ("limit", False, LIMIT["msg"], "")


def test_the_modules_word_on_check_mode_counts() -> None:
    assert report({**counts(1), "check_mode": True}, check=False)["mode"] == "check"


def test_a_run_that_failed_early_leaves_all_keys() -> None:
    early, late = report({}, "no connection"), report(counts())
    assert list(early) == list(late)
    assert (early["platform"], early["case_results"], early["counts"], early["changed"]) == ("", [], {}, False)


FAILURES = [
    (counts(), ""),
    ({**counts(), "msg": "1 case failed", "error": {}}, "1 case failed"),
    ({"msg": "no connection", "exception": "Traceback"}, "no connection"),
    ({"exception": "Traceback\n  line\nRuntimeError: broken"}, "RuntimeError: broken"),
    ({"module_stderr": "sh: python: not found\n"}, "sh: python: not found"),
    ({"msg": " ", "module_stderr": ""}, NO_RESULT),
    ({}, NO_RESULT),
]


@pytest.mark.parametrize(("run", "failure"), FAILURES)
def test_why_a_run_failed(run: dict[str, Any], failure: str) -> None:
    assert failure_of(run) == failure
