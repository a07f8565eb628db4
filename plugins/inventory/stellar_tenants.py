# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: stellar_tenants
short_description: A host for each tenant of a Stellar Cyber platform
version_added: 0.1.0
description:
  - Makes a host for each tenant that the key can see, by one API request. The variable C(stellar_tenant) of the host
    has the tenant's id. So the modules, the lookup and the role of this collection are limited to this tenant.
  - The file of the inventory must end with C(stellar_tenants.yml) or C(stellar_tenants.yaml).
  - An error, an empty list of tenants, and a filter that no tenant matches fail the inventory, and no host is added.
    Ansible by itself only warns of a failed inventory. Set E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=true), so that it
    ends with an error.
  - Tasks of the hosts run on the controller, with Ansible's own Python.
author:
  - The stellarcyber.xdr contributors (!UNKNOWN)
extends_documentation_fragment:
  - stellarcyber.xdr._connection
  - stellarcyber.xdr._tenants
  - constructed
  - inventory_cache
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [stellarcyber.xdr.stellar_tenants]
  hostname:
    description:
      - A Jinja2 expression for the name of a host, from the variables of the host, as in
        V(stellar_tenant_group ~ "-" ~ stellar_tenant_name). By default it is the tenant's name.
      - Whatever it is, the name gets lower case, and C(-) in place of all but letters of ASCII and digits. If several
        tenants, or another host or group, would have the same name, it gets the first 8 digits of the tenant's id.
    type: str
  group:
    description: The group of all hosts of this inventory.
    type: str
    default: stellar_tenants
  allow_empty:
    description: Whether an inventory without a host is valid.
    type: bool
    default: false
  root_tenant:
    description:
      - What to do with the root tenant, if the platform lists it. Its id is empty, so it can't be a host.
      - V(skip) leaves it out with a warning, and V(fail) fails the inventory.
    type: str
    choices: [skip, fail]
    default: skip
notes:
  - In this inventory, a connection option comes from the file, the variable C(stellar_<option>) of the command line
    (C(-e)), the environment variable, or its default, in this order. In the file it may be a template or vaulted.
  - O(tenants), O(exclude_tenants), O(tenant_groups), O(exclude_tenant_groups), O(hostname), O(group), O(allow_empty)
    and O(root_tenant) that are not in the file come from E(STELLAR_INVENTORY_TENANTS) and so on. A list is separated by
    commas. O(compose), O(groups), O(keyed_groups) and O(strict) are options of the file only.
  - The cache has the list of tenants, and nothing of the connection. Each platform and key has an entry of its own.
  - No variable of a host has a value of the connection. Hosts of two platforms need group variables for it.
seealso:
  - module: stellarcyber.xdr.stellar_tenant_info
"""

EXAMPLES = r"""
# soc.stellar_tenants.yml, with the connection from the environment (STELLAR_HOST, STELLAR_API_KEY and so on)
---
plugin: stellarcyber.xdr.stellar_tenants

# emea.stellar_tenants.yml
---
plugin: stellarcyber.xdr.stellar_tenants
host: myserver.stellarcyber.cloud
api_key: "{{ lookup('ansible.builtin.env', 'SOC_KEY') }}"
tenant_groups: [EMEA]
exclude_tenants: ["Test*"]
strict: true
compose:
  case_hygiene_title: '"Cases of " ~ inventory_hostname'
groups:
  large: stellar_tenant_users > 100
keyed_groups:
  - key: stellar_tenant_group
    prefix: group
    default_value: none
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: .cache/inventory
"""

from typing import Any

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.accounts import INVENTORY
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.connection import CONNECTION
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import StellarError, printable
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.connection import Connection
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._tenant_hosts import (
    Added,
    Options,
    cache_entry,
    cache_key,
    cached_tenants,
    hosts_of,
    inert,
    is_evaluated_as_text,
    read_hosts,
    value_of,
)

NAME = "inventory stellarcyber.xdr.stellar_tenants"
OWN = (*INVENTORY["argument_spec"], *CONNECTION)


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "stellarcyber.xdr.stellar_tenants"

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and path.endswith(("stellar_tenants.yml", "stellar_tenants.yaml"))

    def set_options(self, task_keys: Any = None, var_options: Any = None, direct: Any = None) -> None:
        # The others are checked with the same words as those of the modules.
        given = {name: value for name, value in (direct or {}).items() if name not in OWN}
        super().set_options(task_keys, var_options, given)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        config = self._read_config_data(path)
        try:
            self._add_hosts(config, path, cache)
        except StellarError as error:
            raise AnsibleParserError(f"The {NAME} failed. {error}") from None
        except AnsibleError as error:
            raise AnsibleParserError(f"The {NAME} failed. {error.message}") from None

    def _add_hosts(self, config: dict[str, Any], path: str, cache: bool) -> None:
        self.templar.available_variables = self._vars
        options = Options.of(config, self.option_definitions, self._vars, self.templar.template, str(path))
        keys: list[str] = []

        def cached(connection: Connection) -> Any:
            keys.append(cache_key(connection))
            return cached_tenants(self._entry(keys[0])) if self.get_option("cache") and cache else None

        result, warnings = read_hosts(options, cached)
        if self.get_option("cache"):
            self._cache[keys[0]] = cache_entry(result["read"])
        added = Added(self.inventory, options.params["group"])
        hosts, more_warnings = hosts_of(result["tenants"], options.hostname, self._compose, added.taken)
        try:
            added.add(hosts)
            try:
                for name in hosts:
                    self._construct(name)
            finally:
                added.check()
        except Exception:
            # Ansible keeps what a failed plugin has added.
            added.undo()
            raise
        for warning in warnings + more_warnings:
            self.display.warning(warning)

    def _entry(self, key: str) -> Any:
        try:
            return self._cache.get(key)
        except Exception as error:
            self.display.warning(
                f"The cache of the {NAME} can't be read: {printable(error)}. The tenants are read again."
            )
            return None

    def _compose(self, template: Any, variables: Any, *more: Any) -> Any:
        if not is_evaluated_as_text():
            return super()._compose(template, variables)
        extra = self._vars if self.get_option("use_extra_vars") else {}
        return value_of(self.templar, template, {**variables, **extra})

    def _construct(self, host: str) -> None:
        compose, strict = self.get_option("compose"), self.get_option("strict")
        variables = self.inventory.get_host(host).get_vars()
        self._set_composite_vars(compose, variables, host, strict=strict)
        variables = self.inventory.get_host(host).get_vars()
        for name in compose:
            if name in variables:
                self.inventory.set_variable(host, name, inert(variables[name]))
        self._add_host_to_composed_groups(self.get_option("groups"), {}, host, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), {}, host, strict=strict)
