# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each example of a report in turn."""

from __future__ import annotations

import pytest

from tests.unit.plugins.plugin_utils._report.reports import REPORTS


@pytest.fixture(params=REPORTS)
def example(request):
    return REPORTS[request.param]
