# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.accounts import TENANT_INFO, TENANT_LIMITS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.accounts import run_tenant_info
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._in_process import InProcessAction


class ActionModule(InProcessAction):
    options = TENANT_INFO
    limits = TENANT_LIMITS
    function = staticmethod(run_tenant_info)
