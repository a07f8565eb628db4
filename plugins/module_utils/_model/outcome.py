# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outcomes of the cases of a run, as results and reports show them."""

from __future__ import annotations

CHANGED, OK, FAILED, SKIPPED = OUTCOMES = ("changed", "ok", "failed", "skipped")

# The beginning of the reason of a skipped case: the run ended before its planned changes.
NOT_APPLIED = "Planned, not applied:"
