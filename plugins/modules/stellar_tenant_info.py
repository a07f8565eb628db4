# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stellar_tenant_info
short_description: Read the tenants of a Stellar Cyber platform
version_added: 0.1.0
description:
  - Reads the tenants that the key can see, by one API request. Without filters, it returns all of them.
  - O(tenant) limits the result to this tenant.
author:
  - The stellarcyber.xdr contributors (!UNKNOWN)
extends_documentation_fragment:
  - stellarcyber.xdr._attributes
  - stellarcyber.xdr._attributes.info
  - stellarcyber.xdr._attributes.in_process
  - stellarcyber.xdr._connection
  - stellarcyber.xdr._tenants
seealso:
  - plugin: stellarcyber.xdr.stellar_tenants
    plugin_type: inventory
  - module: stellarcyber.xdr.stellar_user_info
"""

EXAMPLES = r"""
- name: Read all tenants that the key can see
  stellarcyber.xdr.stellar_tenant_info:
  register: seen

- name: Show their names and ids
  ansible.builtin.debug:
    msg: "{{ item.cust_name }} {{ item.cust_id }}"
  loop: "{{ seen.tenants }}"
  loop_control:
    label: "{{ item.cust_id }}"

- name: Read the tenants of a group, without those for tests
  stellarcyber.xdr.stellar_tenant_info:
    tenant_groups: [EMEA]
    exclude_tenants: ["Test*"]
  register: emea

- name: Check that the key can see two tenants
  stellarcyber.xdr.stellar_tenant_info:
    tenants: [Example Tenant, Example Clinic]
  register: two
  failed_when: two.missing != []
"""

RETURN = r"""
platform:
  description: The platform, as RV(stellarcyber.xdr.stellar_case#module:platform).
  returned: when the connection's options are valid, in a failure too
  type: str
  sample: myserver.stellarcyber.cloud
scope:
  description: The scope, as RV(stellarcyber.xdr.stellar_case#module:scope).
  returned: when the connection's options are valid, in a failure too
  type: str
  sample: all tenants
tenants:
  description:
    - The tenants, sorted by name, each once. A key that the platform does not send is absent.
    - Keys of the platform's answer that are not in this list are left out.
  returned: success
  type: list
  elements: dict
  contains:
    cust_id:
      description: The id. It is empty for the root tenant.
      type: str
      returned: always
      sample: 6aeb2aae7d8d4ef0820136f42d107db4
    cust_name:
      description: The name. It is empty if the platform has none.
      type: str
      returned: always
      sample: Example Tenant
    tgrp_name:
      description: The name of the tenant's group. It is empty without a group.
      type: str
      returned: if the platform sends it
      sample: EMEA
    created_at:
      description: When the tenant was created, as the platform sends it. Other than in cases, that is epoch seconds.
      type: int
      returned: if the platform sends it
      sample: 1660742474
    ds_num:
      description: The number of its data sources.
      type: int
      returned: if the platform sends it
      sample: 3
    user_num:
      description: The number of its users.
      type: int
      returned: if the platform sends it
      sample: 12
    contact:
      description: The contact person.
      type: str
      returned: if the platform sends it
    contact_email:
      description: The contact's e-mail.
      type: str
      returned: if the platform sends it
    contact_phone:
      description: The contact's telephone number.
      type: str
      returned: if the platform sends it
    address:
      description: The address.
      type: str
      returned: if the platform sends it
    info:
      description: The notes on the tenant.
      type: str
      returned: if the platform sends it
    retention_group:
      description: The group for data retention.
      type: str
      returned: if the platform sends it
    ingestion_limit:
      description: The limit for ingested data, as the platform sends it.
      type: int
      returned: if the platform sends it
    session_timeout:
      description: The time limit of sessions, as the platform sends it.
      type: int
      returned: if the platform sends it
    mfa_enabled:
      description: Whether its users need a second factor.
      type: bool
      returned: if the platform sends it
    tenant_session_override:
      description: Whether the tenant has its own O(ignore:session_timeout).
      type: bool
      returned: if the platform sends it
count:
  description: The number of RV(tenants).
  returned: success
  type: int
  sample: 2
missing:
  description: The names, ids and patterns of the filters that no tenant matches.
  returned: success
  type: list
  elements: str
  sample: []
unusable:
  description:
    - The records of the platform's list that are not of the shape of a tenant. There is a warning for each. If none can
      be used, the task fails.
  returned: success
  type: list
  elements: dict
  sample: []
  contains:
    msg:
      description: The reason.
      type: str
      returned: always
      sample: "Could not use a record of the platform's list of tenants: must be an object, got null."
error:
  description: The error, see RV(stellarcyber.xdr.stellar_case#module:error).
  returned: failure
  type: dict
requests:
  description: The number of API requests that were sent, see RV(stellarcyber.xdr.stellar_case#module:requests).
  returned: success
  type: dict
  sample: {read: 1, write: 0, retry: 0}
"""

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.accounts import TENANT_INFO
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.accounts import run_tenant_info
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.module import run_module


def main() -> None:
    run_module(TENANT_INFO, run_tenant_info)


if __name__ == "__main__":
    main()
