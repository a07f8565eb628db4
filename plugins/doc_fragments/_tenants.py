# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describes the filters of tenants of module_utils/_argspec/accounts.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  tenants:
    description:
      - The names or ids (32 hex digits) of tenants. C(*), C(?) and C([...]) make a pattern, as in V(Example*).
      - Names are case-sensitive.
    type: list
    elements: str
  exclude_tenants:
    description: The names, ids or patterns of tenants to leave out.
    type: list
    elements: str
  tenant_groups:
    description:
      - The names or patterns of groups of tenants. V("") is for tenants without a group.
      - The group is that of the platform's list of tenants (C(tgrp_name)). A platform that does not show it there can't
        be filtered by group, and the option is an error.
    type: list
    elements: str
  exclude_tenant_groups:
    description: The names or patterns of groups of tenants to leave out, as O(tenant_groups).
    type: list
    elements: str
"""
