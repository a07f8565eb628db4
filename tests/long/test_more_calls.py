# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator's API, and the collection against it, with ten times as many calls as in the other tests."""

from tests.integration.test_any_saved_plan import (
    test_only_planned_fields_of_planned_cases_whose_guard_held_are_changed,
)
from tests.integration.test_simulator_fuzz import test_walks_from_answer_to_answer
from tests.unit.simulator.test_openapi import test_answers_are_as_described
from tests.unit.simulator.test_query import test_a_page_has_what_the_filters_let_through

__all__ = [
    "test_a_page_has_what_the_filters_let_through",
    "test_answers_are_as_described",
    "test_only_planned_fields_of_planned_cases_whose_guard_held_are_changed",
    "test_walks_from_answer_to_answer",
]
