# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The platform's users and tenants, as far as a key may see them."""

from __future__ import annotations

import threading
from typing import Any

from .._errors import ApiError, AuthenticationError, ConflictError, InputError, StellarError, printable
from .._http.auth import user_of_key
from .._http.client import Client
from .._model.case import is_platform_id, label, tenant_label
from .._model.directory import Person, Tenant, find_people, matches_tenant
from .answers import plain_list_in, shape_error

# Names in a message; the rest is counted
MAX_NAMED = 10
USERS, TENANTS = "users", "tenants"
ALL_TENANTS = "all tenants"


class Directory:
    """Looks up users and tenants for one run, each list once and only when needed. Safe for threads."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._lists: dict[str, list[Any] | None] = {}
        self._refusals: dict[str, StellarError] = {}  # why a list is None
        self._lists_lock = threading.Lock()
        self._tenant: Tenant | None = None  # the connection's, once it is known

    def person(self, given: str, remedy: str = "Check the spelling.") -> Person:
        """Return the user of an e-mail, user name or id. Where users can't be read: only what the task gives."""
        if not given:
            return Person("")
        users = self._read_users()
        if users is None:
            return Person(given)
        found = find_people(given, users)
        what = f"Could not find user {printable(given)}"
        if not found and is_platform_id(given):
            # The list may be cut, and an id needs no look-up.
            return Person(given)
        if not found:
            raise InputError(
                what,
                f"none of the {len(users)} users that this key can see has that e-mail, user name or id.",
                remedy,
            )
        if len(found) > 1:
            named = ", ".join(printable(person.email or person.user_id, 60) for person in found[:MAX_NAMED])
            raise InputError(what, f"{len(found)} users have that name: {named}.", "Give the e-mail or the id.")
        return found[0]

    def new_assignee(self, given: str, case: dict[str, Any] | None = None) -> Person:
        """Return the user as person() does, without a request when the case shows the id that is given."""
        unresolved = Person(given)
        if case is not None and unresolved.is_resolved and unresolved.is_assignee_of(case):
            return unresolved
        return self.person(given, 'Check the spelling. To unassign the case, give "".')

    def own_account(self) -> Person | None:
        """Return the user of the connection's key; None if neither the key nor the users tell it."""
        connection = self.client.connection
        user_id = user_of_key(connection.api_key or "")
        if is_platform_id(user_id):
            return Person(user_id)
        found = find_people(connection.username, self._read_users() or ()) if connection.username else []
        return found[0] if len(found) == 1 else None

    def _read_users(self) -> list[dict[str, Any]] | None:
        """Return all users; None where the key has no permission to read them, or sees none."""
        return self._restricted(USERS) or None

    def tenant(self) -> Tenant | None:
        """Return the connection's tenant, which limits a listing. A platform without tenants answers 404 or nothing."""
        wanted = self.client.connection.tenant
        if not wanted:
            return None
        self._tenant = self.tenant_called(wanted)
        return self._tenant

    def scope(self) -> str:
        """Return in words which tenants the run was limited to. Sends nothing."""
        wanted = self.client.connection.tenant
        if not wanted:
            return ALL_TENANTS
        known = self._tenant or Tenant("", wanted)
        name, id_ = printable(known.name, 100), printable(known.cust_id, 60)
        return f"tenant {name} ({id_})" if name and id_ else f"tenant {name or id_}"

    def tenant_called(self, wanted: str) -> Tenant:
        """Return the tenant of a name or id, among those that the key can see."""
        records = self._restricted(TENANTS) or []
        tenants = list(
            dict.fromkeys(Tenant(str(record.get("cust_id")), str(record.get("cust_name"))) for record in records)
        )
        found = [tenant for tenant in tenants if tenant.cust_id.lower() == wanted.lower()]
        found = found or [tenant for tenant in tenants if tenant.name == wanted]
        what = f"Could not find tenant {printable(wanted)}"
        if len(found) > 1:
            ids = ", ".join(tenant.cust_id for tenant in found[:MAX_NAMED])
            raise InputError(what, f"{len(found)} tenants have that name: {ids}.", "Give the id.")
        if found:
            return found[0]
        if not tenants and is_platform_id(wanted):
            return Tenant(wanted.lower(), "")
        if not tenants:
            refusal = self._refusals.get(TENANTS)
            details = refusal.details if refusal else {}
            said = " {method} {url} answers HTTP {status}.".format(**details) if refusal else ""
            why, remedy = f"this key can't read the tenants.{said}", "Give the tenant's id (32 hex digits)."
            raise InputError(what, why, remedy, **details)
        if any(tenant.name.startswith(wanted + " ") for tenant in tenants):
            why = "it is only the beginning of a tenant's name, cut at the space."
            raise InputError(what, why, """Quote the name twice: -e "stellar_tenant='Example Tenant'".""")
        names = ", ".join(printable(tenant.name, 60) for tenant in tenants[:MAX_NAMED])
        more = f" and {len(tenants) - MAX_NAMED} more" if len(tenants) > MAX_NAMED else ""
        raise InputError(
            what,
            f"it is none of the {len(tenants)} tenants that this key can see: {names}{more}.",
            "Check the spelling. Names are case-sensitive."
            + (' The tenant of root is "" in a rule or a query.' if wanted.casefold().startswith("root") else ""),
        )

    def require_tenant(self, case: dict[str, Any]) -> None:
        wanted = self.client.connection.tenant
        if not wanted:
            return
        if matches_tenant(case, wanted):
            self._tenant = self._tenant or Tenant(case.get("cust_id") or "", case.get("tenant_name") or "")
            return
        tenant = self.tenant()
        if tenant is not None and tenant.owns(case):
            return
        raise ConflictError(
            f"Rejected {label(case)}",
            f"it belongs to tenant {tenant_label(case)}, not to {printable(wanted)}.",
            "Check the case's id, or tenant.",
        )

    def records(self, path: str) -> list[Any]:
        """Return a list as the platform has it, odd records too. Raises the error where the key can't read it."""
        records = self._read_once(path)
        if records is None:
            error = self._refusals[path]
            if error.details.get("status") == 404:
                error.remedy = f"The platform may be of a version without a list of {path}."
            raise error
        return records

    def preset(self, path: str, records: list[Any]) -> None:
        """Take a list that was read before in place of the platform's."""
        self._lists[path] = records

    def _restricted(self, path: str) -> list[dict[str, Any]] | None:
        """Return a list without odd records; None where the key has no permission, or the version lacks it."""
        records = self._read_once(path)
        return None if records is None else [record for record in records if isinstance(record, dict)]

    def _read_once(self, path: str) -> list[Any] | None:
        with self._lists_lock:
            if path not in self._lists:
                self._lists[path] = self._read(path)
            return self._lists[path]

    def _read(self, path: str) -> list[Any] | None:
        what = f"Could not read the {path}"
        try:
            records = plain_list_in(self.client.get(path, what=what))
        except (ApiError, AuthenticationError) as error:
            # Which status a scoped key gets is not documented. The next request
            # shows whether a 401 means more than this list; after that for tenants there may be none.
            allowed = (401, 403, 404) if path == USERS else (403, 404)
            if error.is_answer_to(path, *allowed):
                self._refusals[path] = error
                return None
            raise
        if records is None or (records and not any(isinstance(record, dict) for record in records)):
            raise shape_error(self.client, path, what, "a list")
        return records
