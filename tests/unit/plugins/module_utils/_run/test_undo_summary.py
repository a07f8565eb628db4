# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines of an undo: each names its cases in one way, none is endless, and nothing in them steers a terminal."""

from __future__ import annotations

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import ApiError, ConflictError, StellarError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.bulk import CaseRun
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.journal import UndoFile
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.undo_summary import UndoSummary

ALL = {"platform": "xdr.example.com", "scope": "all tenants"}
ONE = {"platform": "xdr.example.com", "scope": "tenant Clinic (7777)"}
NOTHING_LOST = UndoFile([], {}, "xdr.example.com", {})


def case_run(number, outcome="changed", **shown):
    shown = {"case_id": f"c{number}", "ticket_id": 100 + number, "tenant": "Clinic", **shown}
    return CaseRun(shown, outcome=outcome)


def skipped(number, reason="ohtani changed it at 5.", **shown):
    found = case_run(number, **shown)
    found.skip(str(ConflictError(f"Refused to change case c{number}", reason, "Look at it.")), why=reason)
    return found


def failed(number, error=None):
    found = case_run(number)
    found.fail(error or ApiError(f"Could not update case c{number} (PUT https://x)", "HTTP 422.", "Check the options."))
    return found


def lines(case_runs, undo=NOTHING_LOST, origin=None, check_mode=False):
    return UndoSummary(case_runs, undo, origin or ALL, check_mode).lines()


def test_all_kinds_of_lines_in_their_order():
    lost = UndoFile([], {"c1": ["comment"], "c2": ["comment"], "c3": ['tag "VIP "', "name"]}, "", {})
    case_runs = [case_run(1), skipped(2), failed(3), case_run(4, "ok"), case_run(5)]
    assert lines(case_runs, lost) == [
        "Undo on xdr.example.com, all tenants: 2 cases restored, 1 unchanged, 1 skipped, 1 failed",
        "Restored: 101 (c1, Clinic), 105 (c5, Clinic)",
        "Skipped: 102 (c2, Clinic): ohtani changed it at 5.",
        "Failed: 103 (c3, Clinic): HTTP 422. Check the options.",
        "Can't be undone: comment of 101 (c1, Clinic), 102 (c2, Clinic)",
        'Can\'t be undone: tag "VIP ", name of 103 (c3, Clinic)',
        "The undo is not complete: 1 skipped and 1 failed of 5 cases.",
    ]


def test_20_of_the_lost_tags_of_a_case_are_named():
    tags = [f'tag "{number:02},"' for number in range(30)]
    found = lines([case_run(1)], UndoFile([], {"c1": tags}, "", {}))[-1]
    assert found == f"Can't be undone: {', '.join(tags[:20])}, and 10 more of 101 (c1, Clinic)"


def test_in_check_mode():
    assert lines([case_run(1), skipped(2)], origin=ONE, check_mode=True) == [
        "Undo on xdr.example.com, tenant Clinic (7777), check mode: 1 case planned, 0 unchanged, 1 skipped, 0 failed",
        "Planned: 101 (c1)",
        "Skipped: 102 (c2): ohtani changed it at 5.",
        "The undo would not be complete: 1 skipped of 2 cases.",
    ]


@pytest.mark.parametrize(
    ("case_runs", "counts"),
    [
        ([case_run(1), case_run(2)], "2 cases restored, 0 unchanged, 0 skipped, 0 failed"),
        ([case_run(1, "ok")], "0 cases restored, 1 unchanged, 0 skipped, 0 failed"),
    ],
)
def test_an_undo_that_is_complete_does_not_complain(case_runs, counts):
    said = lines(case_runs)
    assert said[0].endswith(": " + counts)
    assert not [line for line in said if "complete" in line]


@pytest.mark.parametrize(
    ("shown", "origin", "name"),
    [
        ({}, ALL, "101 (c1, Clinic)"),
        ({}, ONE, "101 (c1)"),
        ({"tenant": ""}, ALL, "101 (c1)"),
        ({"ticket_id": None}, ALL, "c1, Clinic"),
        ({"ticket_id": None}, ONE, "c1"),
        # A ticket is a number on any sane platform, and a tenant may have any name.
        ({"ticket_id": "\x1b[31m7"}, ONE, "c1"),
        ({"ticket_id": {"a": 1}}, ONE, "c1"),
        ({"tenant": "\x1b[31m##[error]\u202e\n"}, ALL, "101 (c1, [31m# #[error])"),
        ({"tenant": "x" * 70}, ALL, f"101 (c1, {'x' * 60}...)"),
    ],
)
def test_how_a_case_is_named(shown, origin, name):
    found = case_run(1, **shown)
    assert lines([found], origin=origin)[1] == f"Restored: {name}"


def test_a_case_that_was_not_read_is_named_by_what_the_file_knows():
    """One that could not be read, and one of which nothing can be restored."""
    unread = CaseRun({"case_id": "c1", "ticket_id": None})
    unread.fail(ApiError("Could not read case c1 (GET https://x)", "HTTP 404."))
    undo = UndoFile([], {"c2": ["description"], "c3": ["description"]}, "", {"c1": 101, "c2": 102})
    assert lines([unread], undo)[1:3] == [
        "Failed: 101 (c1): HTTP 404.",
        "Can't be undone: description of 102 (c2), c3",
    ]


def test_at_most_20_of_each_kind_are_named():
    lost = UndoFile([], {f"c{number}": ["comment"] for number in range(61)}, "", {})
    case_runs = [
        *(case_run(number) for number in range(21)),
        *(skipped(number) for number in range(21, 43)),
        *(failed(number) for number in range(43, 66)),
    ]
    said = lines(case_runs, lost)
    restored, irreversible = said[1], said[-2]
    assert restored.startswith("Restored: 100 (c0, Clinic), 101 (c1, Clinic), ")
    assert restored.endswith(", 119 (c19, Clinic), and 1 more")
    assert irreversible.endswith(", 119 (c19, Clinic), and 41 more")
    assert [line.partition(":")[0] for line in said[2:-2]] == ["Skipped"] * 21 + ["Failed"] * 21
    assert [line for line in said if line.startswith(("Skipped: and", "Failed: and"))] == [
        "Skipped: and 2 more",
        "Failed: and 3 more",
    ]
    assert not any("and " in line and "more" in line for line in lines(case_runs[1:21]))


def test_files_that_somebody_made_up_have_no_endless_lines():
    lost = {f"c{number}" * 100: [f"field {number}\x07" * 20] for number in range(50)}
    said = lines([], UndoFile([], lost, "", {}))
    assert len(said) == 1 + 20 + 1
    assert said[-1] == "Can't be undone: and 30 more"
    assert max(map(len, said)) < 200
    assert all(line.isprintable() for line in said)


def test_reasons_are_made_harmless():
    (_counts, reason, _end) = lines([skipped(1, "\x1b[2J##[error]" + "x" * 400)])
    assert reason.isprintable()
    assert "##[" not in reason
    assert len(reason) < 400


@pytest.mark.parametrize("check_mode", [False, True])
def test_the_error_of_an_undo_that_is_not_complete(check_mode):
    case_runs = [case_run(1), failed(2), skipped(3)]
    error = UndoSummary(case_runs, NOTHING_LOST, ALL, check_mode).error(case_runs[1])
    assert str(error) == (
        f"The undo {'would not be' if check_mode else 'is not'} complete: 1 skipped and 1 failed of 3 cases. "
        "First: 102 (c2, Clinic): HTTP 422. Check the options. "
        "The summary has each of them. Fix the reason, then undo again: what is restored already stays."
    )
    assert error.to_result()["error"]["type"] == "IncompleteError"


@pytest.mark.parametrize(
    ("what", "context", "why"),
    [
        ("Could not update case c1 (PUT https://x)", "", "HTTP 500. And more. Wait."),
        # What is not about the case, or about more than it, says what it is about.
        ("Could not find tenant 'Clinc'", "", "Could not find tenant 'Clinc': HTTP 500. And more. Wait."),
        ("Could not update case c1", "Rule 2", "Rule 2: Could not update case c1: HTTP 500. And more. Wait."),
    ],
)
def test_a_reason_leaves_out_what_the_name_says(what, context, why):
    error = StellarError(what, "HTTP 500.", "Wait.")
    error.notes.append("And more.")
    error.context = context
    assert failed(1, error).why == why


def test_a_case_that_was_not_found_has_the_whole_reason():
    found = CaseRun({"case_id": None, "ticket_id": 5})
    found.fail(StellarError("Could not find the case of ticket 5", "there is none."))
    assert found.why == "Could not find the case of ticket 5: there is none."
