# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cells of the fault matrix that the integration tests leave out, since they wait for what never comes."""

from __future__ import annotations

import pytest

from tests.integration.test_fault_matrix import SLOW, baseline, inject, matrix, places_elsewhere

__all__ = ["baseline", "matrix", "places_elsewhere"]


@pytest.mark.parametrize("cell", SLOW, ids="-".join)
def test_fault(matrix, baseline, cell):
    inject(matrix, baseline, *cell)
