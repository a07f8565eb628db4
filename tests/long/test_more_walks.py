# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ten times as many walks through the simulator's API as the integration tests make."""

from tests.integration.test_simulator_fuzz import test_walks_from_answer_to_answer

__all__ = ["test_walks_from_answer_to_answer"]
