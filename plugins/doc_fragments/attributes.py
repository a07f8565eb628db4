# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attributes that all modules share."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in check mode and return a truthful prediction without changing anything.
  diff_mode:
    description: Returns what changed, or would change, in diff mode.
  idempotent:
    description: Running it again with the same options changes nothing more.
  action_group:
    description: Use C(group/stellarcyber.xdr.stellar) in C(module_defaults) to set options for every module.
    support: full
    membership:
      - stellarcyber.xdr.stellar
"""

    INFO = r"""
attributes:
  check_mode:
    support: full
    details: Reads only.
  diff_mode:
    support: N/A
    details: Changes nothing.
  idempotent:
    support: full
    details: Reads only.
"""
