# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from functools import partial

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.cases import CASES, CASES_LIMITS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.cases import run_cases
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._display import show_progress
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._in_process import InProcessAction


class ActionModule(InProcessAction):
    options = CASES
    limits = CASES_LIMITS
    function = staticmethod(partial(run_cases, show=show_progress))
