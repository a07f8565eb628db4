# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The long tests run what the integration tests run, more often."""

from hypothesis import settings

from tests.integration.conftest import no_connection_from_outside, play, sim, simulator, waits

__all__ = ["no_connection_from_outside", "play", "sim", "simulator", "waits"]

# tests/properties.py
settings.load_profile("long")
