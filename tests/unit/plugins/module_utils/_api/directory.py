# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Directory that looks up users and tenants in lists at hand."""

from __future__ import annotations

from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.directory import Person, Tenant, find_people

OHTANI = {"user_id": "8" * 32, "email": "ohtani@example.com", "username": "ohtani"}
MIRA = {"user_id": "a" * 32, "email": "mira@example.com", "username": "mira@example.com"}
TENANTS = {"6" * 32: "Example Tenant", "7" * 32: "Example Clinic", "": "Root Tenant"}


class Directory:
    """users: () where the key may not read them."""

    def __init__(self, users=(OHTANI, MIRA), tenant=None):
        self.users = users
        self.own_tenant = tenant
        self.asked = []

    def person(self, given):
        self.asked.append(given)
        return find_people(given, self.users)[0] if given and self.users else Person(given)

    def new_assignee(self, given, case=None):
        return self.person(given)

    def tenant(self):
        return self.own_tenant

    def tenant_called(self, wanted):
        self.asked.append(wanted)
        return next(Tenant(cust_id, name) for cust_id, name in TENANTS.items() if name == wanted)
