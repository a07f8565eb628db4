# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps from their attempts, what two pages tell, and reports that name nobody."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import (
    ApiError,
    MissingLibraryError,
    OptionError,
    StellarError,
    TransportError,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.ping import (
    FAILED,
    OK,
    SKIPPED,
    STEPS,
    WARNING,
    Attempt,
    Finding,
    Step,
    is_sorted,
    no_capabilities,
    options_failed,
    replaced,
    report_of,
    skipped,
    step_of,
)

REFUSED = {"method": "GET", "path": "/connect/api/v1/cases", "status": 403}
SAID = "HTTP 403, the platform says: Example Corp."


def error() -> ApiError:
    return ApiError("Could not list cases", SAID, "Check the account.", **REFUSED)


def found(*seconds: float) -> list[Attempt]:
    return [Attempt(each, Finding(f"After {each} s.")) for each in seconds]


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        (found(0.0123), {"status": OK, "ms": 12.3, "detail": "After 0.0123 s.", "remedy": None}),
        (found(0.3, 0.1, 0.2), {"status": OK, "ms": 200.0, "detail": "After 0.2 s.", "ms_min": 100.0, "ms_max": 300.0}),
        (
            [Attempt(1, Finding("Soon.", WARNING, "Renew it."))],
            {"status": WARNING, "remedy": "Renew it.", "ms": 1000.0},
        ),
        ([Attempt(1, Finding("None.", SKIPPED))], {"status": SKIPPED, "ms": None, "detail": "None."}),
        (
            [Attempt(1, error())],
            {"status": FAILED, "ms": 1000.0, "detail": f"Could not list cases: {SAID}", "remedy": "Check the account."},
        ),
        (
            [Attempt(1, error()), *found(2, 3)],
            {"status": WARNING, "detail": f"1 of 3 attempts failed: Could not list cases: {SAID}", "ms_max": 3000.0},
        ),
        ([Attempt(1, error()), Attempt(2, error())], {"status": FAILED, "ms": 1500.0}),
        ([Attempt(1, OptionError("host", "is empty", "Give one."))], {"status": FAILED, "detail": "host is empty."}),
    ],
)
def test_a_step_of_its_attempts(attempts: list[Attempt], expected: dict[str, Any]) -> None:
    result = step_of("read", attempts, True).as_result()
    assert result["name"] == "read"
    assert {name: result[name] for name in expected} == expected
    assert ("ms_min" in result) is (len(attempts) > 1)


def test_notes_of_an_error_are_part_of_the_detail() -> None:
    noted = error()
    noted.notes.append("It may pass.")
    assert step_of("read", [Attempt(1, noted)], True).detail.endswith("Example Corp. It may pass.")


def too_late() -> TransportError:
    late = TransportError("Could not list cases", "no complete answer in time.", method="GET", path="/cases")
    late.is_too_late = True
    return late


@pytest.mark.parametrize(
    ("failure", "quotes", "redacted"),
    [
        (error(), True, "GET /connect/api/v1/cases: ApiError, HTTP 403."),
        (error(), False, ""),
        (too_late(), True, "GET /cases: TransportError, no complete answer in time."),
        (StellarError("What", "why"), True, "StellarError."),
    ],
)
def test_an_answer_is_left_out_of_a_redacted_report(failure: StellarError, quotes: bool, redacted: str) -> None:
    assert step_of("read", [Attempt(1, failure)], quotes).redacted == redacted
    some = step_of("read", [Attempt(1, failure), *found(1)], quotes).redacted
    assert some == (f"1 of 2 attempts failed: {redacted}" if redacted else "")


@pytest.mark.parametrize(
    ("failure", "step", "detail", "redacted"),
    [
        (OptionError("host", "is empty", "Give one."), "options", "host is empty.", "host is not valid."),
        (MissingLibraryError("Could not load", "none."), "library", "Could not load: none.", "MissingLibraryError."),
    ],
)
def test_a_run_that_ends_before_its_first_step(failure: StellarError, step: str, detail: str, redacted: str) -> None:
    steps = options_failed(failure, step)
    assert [each.name for each in steps] == list(STEPS)
    number = STEPS.index(step)
    assert [each.status for each in steps] == [OK] * number + [FAILED] + [SKIPPED] * (len(STEPS) - number - 1)
    assert (steps[number].detail, steps[number].redacted) == (detail, redacted)
    assert {each.detail for each in steps[number + 1 :]} == {f"Waits for {step}."}


@pytest.mark.parametrize(
    ("ascending", "descending", "expected"),
    [
        ([1, 2, 3], [9, 8, 7], True),
        ([1, 2], [2, 1], True),
        ([1, 1], [2, 2], True),
        ([1], [2], True),
        ([2], [1], False),
        # the same page twice, in one order and in the other
        ([1, 2], [1, 2], False),
        ([2, 1], [2, 1], False),
        ([2, 1], [1, 2], False),
        ([1, 3, 2], [9, 8], False),
        ([5, 6], [4, 3], False),
        ([1, 1], [1, 1], None),
        ([1], [1], None),
        ([], [], None),
        ([1, 2], [], None),
        ([1, None], [2, 1], None),
        (["a"], ["b"], None),
    ],
)
def test_what_two_pages_tell_of_the_order(ascending: list[Any], descending: list[Any], expected: bool | None) -> None:
    assert is_sorted(ascending, descending) is expected


@pytest.mark.parametrize(
    ("text", "placeholders", "expected"),
    [
        ("to a.example.com.", {"a.example.com": "HOST"}, "to HOST."),
        ("https://A.Example.com:443/x", {"a.example.com": "HOST"}, "https://HOST:443/x"),
        (
            "a.example.com:8443 is a.example.com",
            {"a.example.com": "NAME", "a.example.com:8443": "HOST"},
            "HOST is NAME",
        ),
        # Part of another word is none of it.
        ("broken ok", {"ok": "TENANT"}, "broken TENANT"),
        ("'(a+)+$' and {x}", {"(a+)+$": "TENANT"}, "'TENANT' and {x}"),
        ("nothing", {"": "HOST"}, "nothing"),
        ("nothing", {}, "nothing"),
    ],
)
def test_names_are_replaced(text: str, placeholders: dict[str, str], expected: str) -> None:
    assert replaced(text, placeholders) == expected


def report(**options: Any) -> list[str]:
    capabilities = no_capabilities()
    capabilities["endpoints"].update(users="forbidden")
    capabilities.update(
        deep_skip=False, without_window="cut", unknown={"sort.created_at": "No.", "filters.tags": "No."}
    )
    steps = [
        Step("tls", WARNING, "For a.example.com.", "Set host to a.example.com.", times_ms=[1234.56]),
        Step("key", WARNING, "A legacy key.", "Use a scoped key.", "KEY"),
        Step("read", FAILED, "Example Corp says no.", "Ask a.example.com.", "ApiError."),
        skipped("tenant", "Waits for read."),
    ]
    return report_of(steps, {"platform": "a.example.com"}, capabilities, **options)


def test_a_report() -> None:
    assert report() == [
        "platform:     a.example.com",
        "tls           warning    1234.6 ms  For a.example.com.",
        "                                    To do: Set host to a.example.com.",
        "key           warning               A legacy key.",
        "                                    To do: Use a scoped key.",
        "read          failed                Example Corp says no.",
        "                                    To do: Ask a.example.com.",
        "tenant        skipped               Waits for read.",
        "endpoints:       users forbidden, tenants not known, tenant_groups not known, comments not known, "
        "activities not known, scores not known",
        "filters:         created_at not known, modified_at not known, score not known, status not known, "
        "severity not known, tags not known",
        "sort:            created_at not known, modified_at not known",
        "without_window:  cut",
        "deep_skip:       no",
        "not known:       sort.created_at, filters.tags. No.",
    ]


def test_a_redacted_report() -> None:
    assert report(placeholders={"a.example.com": "HOST"})[:6] == [
        "platform:     HOST",
        "tls           warning    1234.6 ms  For HOST.",
        "                                    To do: Set host to HOST.",
        "key           warning               KEY",
        "read          failed                ApiError.",
        "                                    To do: Ask HOST.",
    ]


def test_a_report_without_capabilities_ends_with_the_steps() -> None:
    assert report_of([skipped("tenant", "Why.")], {}, None) == ["tenant        skipped               Why."]
