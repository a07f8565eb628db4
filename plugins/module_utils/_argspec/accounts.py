# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of stellar_tenant_info, stellar_user_info and the inventory stellar_tenants beside the connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._errors import OptionError, printable
from .._model.accounts import chosen, is_in_group, is_tenant_called
from .values import filter_values, values_or_none

_STRINGS = {"type": "list", "elements": "str"}

TENANT_INFO: dict[str, Any] = {
    "argument_spec": dict.fromkeys(("tenants", "exclude_tenants", "tenant_groups", "exclude_tenant_groups"), _STRINGS)
}
USER_INFO: dict[str, Any] = {"argument_spec": {"users": _STRINGS}}
# Those of the inventory beside those of ansible-core's fragments
INVENTORY: dict[str, Any] = {
    "argument_spec": {
        **TENANT_INFO["argument_spec"],
        "hostname": {"type": "str"},
        "group": {"type": "str", "default": "stellar_tenants"},
        "allow_empty": {"type": "bool", "default": False},
        "root_tenant": {"type": "str", "choices": ["skip", "fail"], "default": "skip"},
    }
}

# The options that limit, beside those of the connection
TENANT_LIMITS = tuple(TENANT_INFO["argument_spec"])
USER_LIMITS = tuple(USER_INFO["argument_spec"])
INVENTORY_LIMITS = tuple(INVENTORY["argument_spec"])


def patterns(params: dict[str, Any], name: str, kind: str) -> tuple[str, ...]:
    """Return the names, ids and patterns of a filter. Raises OptionError for an empty one."""
    values = filter_values(params, name, kind=kind)
    if "" in values:
        raise OptionError(name, "has an empty item", "Give names, ids, or patterns such as Example*.")
    return values


@dataclass(frozen=True)
class TenantFilter:
    """Which tenants are wanted, by the patterns of each option. An option without any does not limit."""

    tenants: tuple[str, ...] = ()
    exclude_tenants: tuple[str, ...] = ()
    tenant_groups: tuple[str, ...] = ()
    exclude_tenant_groups: tuple[str, ...] = ()

    @classmethod
    def of(cls, params: dict[str, Any]) -> TenantFilter:
        """Return the filter of a module's or plugin's options. Raises InputError."""
        none = "tenants without a group"
        return cls(
            *(patterns(params, name, "tenant") for name in ("tenants", "exclude_tenants")),
            *(values_or_none(params, name, none, kind="tenant") for name in ("tenant_groups", "exclude_tenant_groups")),
        )

    def select(self, records: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], dict[str, list[str]]]:
        """Return the tenants that are wanted, and of each option the patterns that no tenant has.

        Raises InputError for a filter by group where the platform does not show a tenant's group.
        """
        without = [tenant for tenant in records if "tgrp_name" not in tenant]
        if without and (self.tenant_groups or self.exclude_tenant_groups):
            option = "tenant_groups" if self.tenant_groups else "exclude_tenant_groups"
            name = printable(without[0]["cust_name"] or without[0]["cust_id"], 60)
            why = f"can't be used: the platform does not show the group of {len(without)} tenants, such as {name}"
            raise OptionError(option, why, "Give tenants by name or id.")
        selected = records
        missing: dict[str, list[str]] = {}
        for option, is_for in (
            ("tenants", is_tenant_called),
            ("exclude_tenants", is_tenant_called),
            ("tenant_groups", is_in_group),
            ("exclude_tenant_groups", is_in_group),
        ):
            wanted = getattr(self, option)
            if wanted:
                matches, missing[option] = chosen(records, wanted, is_for)
                keeps = not option.startswith("exclude_")
                selected = [tenant for tenant in selected if (tenant in matches) is keeps]
        return selected, {option: names for option, names in missing.items() if names}
