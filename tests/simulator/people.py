# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and tenants: who they are, in which forms they may be named, and what a case shows of them."""

from __future__ import annotations

import uuid
from typing import Any

from .store import Record, Store

# A case of the root tenant has an empty cust_id.
ROOT_TENANT = {"cust_id": "", "cust_name": "Root Tenant", "tgrp_name": ""}

# The form of naming a person -> the field of the user that it is compared with.
FORMS = {"id": "user_id", "name": "name", "email": "email"}


class People:
    def __init__(self, store: Store, switches: Any) -> None:
        self._store = store
        self._switches = switches
        self._users: dict[str, Record] | None = None
        self._tenants: dict[str, Record] | None = None

    def changed(self) -> None:
        self._users = self._tenants = None
        self._store.forget_answers()

    @property
    def users(self) -> dict[str, Record]:
        if self._users is None:
            self._users = self._store.documents("user")
        return self._users

    @property
    def tenants(self) -> dict[str, Record]:
        if self._tenants is None:
            self._tenants = self._store.documents("tenant")
        return self._tenants

    def find(self, value: str, forms: list[str]) -> dict[str, Any] | None:
        for form in forms:
            for user in self.users.values():
                if form in FORMS and value and self.same(user.get(FORMS[form]), value):
                    return user
        return None

    def same(self, first: Any, second: str) -> bool:
        """Compare two ways to name a person: e-mails without case, from 5.2.0 (DOC-USR55)."""
        if first != second and "@" in second and isinstance(first, str) and not self._switches.email_case:
            return first.casefold() == second.casefold()
        return bool(first == second)

    def email(self, user_id: str) -> str:
        """Name a user as histories do."""
        user = self.users.get(user_id, {})
        return str(user.get("email") or user.get("name") or user_id)

    def person_name(self, value: str) -> str:
        """`value` is a user id, a user name (older releases) or a word such as System."""
        user = self.users.get(value) or self.find(value, ["name"])
        return user[self._switches.names_show] or user["name"] if user else value

    def tenant(self, cust_id: str) -> dict[str, Any]:
        return self.tenants.get(cust_id) or (ROOT_TENANT if not cust_id else {})

    def save_users(self, users: list[dict[str, Any]]) -> None:
        self._store.put_documents(("user", user["user_id"], user) for user in users)
        self.changed()

    def save_tenants(self, tenants: list[dict[str, Any]]) -> None:
        self._store.put_documents(("tenant", tenant["cust_id"], tenant) for tenant in tenants)
        self.changed()

    def replace_tenants(self, tenants: list[dict[str, Any]]) -> None:
        """Put these in the place of all tenants. What one of them does not say is as by default."""
        full = [new_tenant("") | tenant for tenant in tenants]
        for cust_id in list(self.tenants):
            self._store.delete_document("tenant", cust_id)
        self.save_tenants(full)

    def delete_user(self, user_id: str) -> None:
        self._store.delete_document("user", user_id)
        self.changed()

    def learn(self, cases: list[dict[str, Any]]) -> None:
        """Take users and tenants from exported cases, so that a rehearsal knows the people of the export."""
        users, tenants = dict(self.users), dict(self.tenants)
        for case in cases:
            for key in ("assignee", "created_by", "modified_by"):
                user_id, name = case.get(key), case.get(f"{key}_name")
                if isinstance(user_id, str) and len(user_id) == 32 and name and user_id not in users:
                    users[user_id] = new_user(name if "@" in name else "", name, user_id=user_id)
            cust_id, name = case.get("cust_id"), case.get("tenant_name")
            if cust_id and name and cust_id not in tenants:
                tenants[cust_id] = new_tenant(name, cust_id=cust_id, group=case.get("tenant_group_name") or "")
        self.save_users([user for key, user in users.items() if key not in self.users])
        self.save_tenants([tenant for key, tenant in tenants.items() if key not in self.tenants])


ORGANISATION = "4f0d2c8ab61e4f3c9d57aa10e6b3c172"


def new_user(email: str, name: str, user_id: str = "", profile: str = "Analyst") -> dict[str, Any]:
    return {
        "user_id": user_id or uuid.uuid4().hex,
        "email": email,
        "name": name,
        "priv_profile_id": profile,
        "org_id": ORGANISATION,
    }


TENANT_DEFAULTS: dict[str, Any] = {
    "address": "",
    "contact": "",
    "contact_email": "",
    "contact_phone": "",
    "info": "",
    "ds_num": 0,
    "user_num": 0,
    "tgrp_name": "",
    "retention_group": "",
    "ingestion_limit": 0,
    "session_timeout": 0,
    "mfa_enabled": False,
    "tenant_session_override": False,
}


def new_tenant(name: str, cust_id: str = "", group: str = "", created_at: int = 0) -> dict[str, Any]:
    """`created_at` of a tenant is in seconds, unlike a case's."""
    return {
        "cust_id": cust_id or uuid.uuid4().hex,
        "cust_name": name,
        "created_at": created_at,
        **TENANT_DEFAULTS,
        "tgrp_name": group,
    }
