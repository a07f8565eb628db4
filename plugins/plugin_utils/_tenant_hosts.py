# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of the inventory stellar_tenants: its options, their variables, and what is in its cache."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from typing import Any, Callable, Collection, Iterable, Mapping

from ansible.errors import AnsibleError
from jinja2 import Undefined

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.accounts import INVENTORY, INVENTORY_LIMITS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.connection import CONNECTION, ENV_PREFIX
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.shapes import quoted
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import (
    InputError,
    OptionError,
    StellarError,
    printable,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.connection import Connection
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.host_names import host_names
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.plain import as_whole, plain, untagged
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.accounts import run_inventory
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.module import warnings_of, with_source
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._connection import (
    Call,
    arguments_of,
    evaluated,
    validated,
)

try:
    from ansible.template import trust_as_template
except ImportError:  # ansible-core 2.18
    trust_as_template = None

# Of the entries in the cache. An entry of another version is not used.
_CACHE_VERSION = 1
_CACHED_FIELDS = ("cust_id", "cust_name", "tgrp_name", "ds_num", "user_num")
_GROUP = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_GROUPS_OF_ANSIBLE = ("all", "ungrouped")


@dataclass
class Options:
    """The options of the inventory beside those of ansible-core, checked.

    params: as the parameters of a module. sources: of the options that have one. hostname: the expression, or None.
    """

    params: dict[str, Any]
    sources: dict[str, str]
    hostname: Any

    @classmethod
    def of(
        cls,
        config: Mapping[str, Any],
        known: Iterable[str],
        variables: Mapping[str, Any],
        template: Callable[[Any], Any],
        path: str,
    ) -> Options:
        """Return the options of a file, the command line's variables and the environment. Raises StellarError.

        known: the names of all options, those of ansible-core too. path: of the file, for messages.
        """
        source = f"the file {printable(path)}"
        spec = INVENTORY["argument_spec"]
        others = {name: {"type": "raw"} for name in known if name not in spec and name not in CONNECTION}
        given = {name: value for name, value in config.items() if name not in others}
        sources = {}
        for name in spec:
            variable = f"{ENV_PREFIX}INVENTORY_{name.upper()}"
            text = os.environ.get(variable, "").strip()
            if text and name not in given:
                given[name], sources[name] = _template(text), f"the environment variable {variable}"
        call = Call("the inventory", {"argument_spec": {**spec, **others}}, INVENTORY_LIMITS, source)
        try:
            # The expression is not evaluated here, but for each host.
            values = {
                name: value if name == "hostname" or value is None else evaluated(name, value, template, source)
                for name, value in given.items()
            }
            arguments, connection_sources = arguments_of(call, values, variables, template)
            params, from_environment = validated(call, arguments)
            _check_names(params)
        except StellarError as error:
            raise with_source(error, sources) from None
        sources.update(connection_sources, **from_environment)
        return cls(params, sources, given.get("hostname"))


def _check_names(params: dict[str, Any]) -> None:
    group, hostname = params["group"], params["hostname"]
    if not _GROUP.fullmatch(group) or group in _GROUPS_OF_ANSIBLE:
        what = f"must have only letters, digits and _, and not be all or ungrouped; got {quoted(group)}"
        raise OptionError("group", what, "Correct the name.")
    if hostname is not None and ("{{" in hostname or "{%" in hostname):
        raise OptionError("hostname", "must be an expression without {{ }}", "Leave the braces out.")


def read_hosts(
    options: Options, cached: Callable[[Connection], list[dict[str, Any]] | None]
) -> tuple[dict[str, Any], list[str]]:
    """Return the result of run_inventory(), and its warnings. Raises StellarError, with the source of an option."""
    try:
        result = run_inventory(options.params, cached)
    except StellarError as error:
        raise with_source(error, options.sources) from None
    return result, warnings_of(result, options.params)


def hosts_of(
    tenants: Iterable[Mapping[str, Any]], hostname: Any, evaluate: Callable[[Any, Any], Any], taken: Collection[str]
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Return the variables of each host by its name, and warnings.

    hostname: an expression, or None. evaluate: returns the value of an expression with variables. taken: names that no
    host may have.
    """
    variables = {tenant["cust_id"]: _variables(tenant) for tenant in tenants}
    texts = [
        (id_, those["stellar_tenant_name"] if hostname is None else _text(hostname, evaluate, those))
        for id_, those in variables.items()
    ]
    names, clashes = host_names(texts, taken)
    warnings = []
    if clashes:
        named = printable(", ".join(clashes))
        warnings.append(
            f"Several tenants, another host or a group would have the host name {named}. Each of these hosts has the "
            "beginning of its tenant's id in its name."
        )
    return {names[id_]: those for id_, those in variables.items()}, warnings


def _variables(tenant: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variables of a tenant's host: nothing of the connection, and no text that Ansible would evaluate."""
    found = {
        "stellar_tenant": tenant["cust_id"],
        "stellar_tenant_name": tenant["cust_name"],
        "stellar_tenant_group": (tenant["tgrp_name"] or "") if "tgrp_name" in tenant else None,
        "stellar_tenant_data_sources": as_whole(tenant.get("ds_num")),
        "stellar_tenant_users": as_whole(tenant.get("user_num")),
    }
    shown = {name: inert(value) for name, value in found.items() if value is not None}
    # As on the implicit localhost: the tasks run in Ansible's own process.
    interpreter = _template("{{ ansible_playbook_python }}")
    return {**shown, "ansible_connection": inert("local"), "ansible_python_interpreter": interpreter}


def _text(expression: Any, evaluate: Callable[[Any, Any], Any], variables: dict[str, Any]) -> str:
    tenant = printable(variables["stellar_tenant_name"] or variables["stellar_tenant"], 60)
    try:
        value = evaluate(expression, variables)
    except Exception as error:
        why = f"can't be evaluated for tenant {tenant}: {printable(error)}".rstrip(".")
        raise OptionError("hostname", why, "Use the variables of the host, such as stellar_tenant_name.") from None
    if not isinstance(value, str) or not value.strip():
        raise OptionError("hostname", f"gives no text for tenant {tenant}", "Use a variable that each host has.")
    return untagged(value)


def inert(value: Any) -> Any:
    """Return a value whose texts Ansible never evaluates, however it passes them on.

    From ansible-core 2.19 on only a trusted text is evaluated. But ansible-inventory shows one that is not as a
    dictionary with the key __ansible_unsafe, so that AWX shows that instead of the text. A text that can't be a
    template is trusted, and shown as it is. In ansible-core 2.18 all texts are evaluated but those that are marked as
    unsafe.
    """
    return plain(value, _inert_text)


def _inert_text(text: str) -> str:
    text = untagged(text)
    # Without these characters none of Jinja's delimiters is in it; the header of Ansible could define others.
    is_harmless = not re.search(r"[{}]|#jinja2", text)
    if is_harmless:
        return _template(text)
    if trust_as_template is not None:
        return text
    from ansible.utils.unsafe_proxy import wrap_var  # needed with ansible-core 2.18 only

    unsafe: str = wrap_var(text)
    return unsafe


def is_evaluated_as_text() -> bool:
    """Return whether this ansible-core makes a list, or true, of the result of an expression that looks like one."""
    return trust_as_template is None


def value_of(templar: Any, expression: Any, variables: Mapping[str, Any]) -> Any:
    """Return the value of an expression in ansible-core 2.18, as it is: a tenant may have the name True or ['a']."""
    value = templar.environment.compile_expression(str(expression), undefined_to_none=False)(**variables)
    if isinstance(value, Undefined):
        raise AnsibleError(str(value._undefined_message))
    return value


def _template(text: str) -> str:
    """Return a text that Ansible may evaluate."""
    return text if trust_as_template is None else trust_as_template(text)


class Added:
    """What a run adds to Ansible's inventory, and can take out again. taken: names that no host may have."""

    def __init__(self, inventory: Any, group: str) -> None:
        self._inventory, self._group = inventory, group
        self._groups_before = set(inventory.groups)
        self._hosts: list[str] = []
        self.taken = {*inventory.hosts, *inventory.groups, *_GROUPS_OF_ANSIBLE, group, "localhost"}

    def add(self, hosts: Mapping[str, Mapping[str, Any]]) -> None:
        """Add the hosts to the group, with their variables."""
        self._inventory.add_group(self._group)
        for name, variables in hosts.items():
            if name in self.taken:
                raise InputError("", f"There already is a host or group {name}.", "Rename it, or set hostname.")
            self._inventory.add_host(name, group=self._group)
            self._hosts.append(name)
            for variable, value in variables.items():
                self._inventory.set_variable(name, variable, value)

    def check(self) -> None:
        """Raise InputError if a new group has the name of a host: a play for the group would be one for the host."""
        both = sorted(set(self._hosts) & (set(self._inventory.groups) - self._groups_before))
        if both:
            names = printable(", ".join(both))
            raise InputError(
                "", f"A group of groups or keyed_groups has the name of a host: {names}.", "Give the group a prefix."
            )

    def undo(self) -> None:
        """Take out the hosts, and the groups that are new."""
        for name in self._hosts:
            self._inventory.remove_host(self._inventory.hosts[name])
        for name in set(self._inventory.groups) - self._groups_before:
            self._inventory.remove_group(self._inventory.groups[name])


def cache_key(connection: Connection) -> str:
    """Return the key of the cache for what a key sees on a platform. No secret can be computed from it."""
    key = hashlib.sha256((connection.api_key or connection.access_token).encode()).hexdigest()
    seen_by = [_CACHE_VERSION, connection.base_url, connection.username, connection.auth_method, key]
    return "stellarcyber.xdr.stellar_tenants_" + hashlib.sha256(json.dumps(seen_by).encode()).hexdigest()


def cache_entry(tenants: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what to cache of the tenants."""
    return {
        "version": _CACHE_VERSION,
        "tenants": [{name: tenant[name] for name in _CACHED_FIELDS if name in tenant} for tenant in tenants],
    }


def cached_tenants(entry: Any) -> list[dict[str, Any]] | None:
    """Return the tenants of an entry; None without one that this version has made."""
    if not isinstance(entry, Mapping) or entry.get("version") != _CACHE_VERSION:
        return None
    tenants = plain(entry.get("tenants"))
    return tenants if isinstance(tenants, list) else None
