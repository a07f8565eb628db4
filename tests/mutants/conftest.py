# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests/tools/mutants.py lays beside the tests: random ones are the same in every run, and come last."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, is_hypothesis_test, settings

settings.register_profile(
    "mutants",
    derandomize=True,
    database=None,
    deadline=None,
    # No search for a simpler example: that one fails is all there is to know.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("mutants")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: is_hypothesis_test(item.obj))
