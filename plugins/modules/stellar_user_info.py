# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stellar_user_info
short_description: Read the users of a Stellar Cyber platform
version_added: 0.1.0
description:
  - Reads the users that the key can see, by one API request. Without O(users), it returns all of them.
  - A key without permission to read the users gets an error. The other modules work without this permission.
author:
  - The stellarcyber.xdr contributors (!UNKNOWN)
extends_documentation_fragment:
  - stellarcyber.xdr._attributes
  - stellarcyber.xdr._attributes.info
  - stellarcyber.xdr._attributes.in_process
  - stellarcyber.xdr._connection
options:
  users:
    description:
      - The e-mails, user names or ids (32 hex digits) of users, without regard to case. C(*), C(?) and C([...]) make a
        pattern, as in V(*@example.com).
    type: list
    elements: str
  tenant:
    description:
      - The name or id (32 hex digits) of a tenant. It is checked, and causes a warning. It does not limit the result,
        since the platform does not show the tenants of a user.
      - If not set, the variable C(stellar_tenant) is used, else E(STELLAR_TENANT).
    type: str
seealso:
  - module: stellarcyber.xdr.stellar_tenant_info
  - module: stellarcyber.xdr.stellar_case
    description: Takes an e-mail, user name or id as assignee.
"""

EXAMPLES = r"""
- name: Read all users that the key can see
  stellarcyber.xdr.stellar_user_info:
  register: seen

- name: Check that the night shift has an account before a rule assigns cases to it
  stellarcyber.xdr.stellar_user_info:
    users: [night-shift@example.com]
  register: shift
  failed_when: shift.count != 1
"""

RETURN = r"""
platform:
  description: The platform, as RV(stellarcyber.xdr.stellar_case#module:platform).
  returned: when the connection's options are valid, in a failure too
  type: str
  sample: myserver.stellarcyber.cloud
scope:
  description: V(all tenants), whatever O(tenant) is.
  returned: when the connection's options are valid
  type: str
  sample: all tenants
users:
  description: The users, sorted by e-mail, each once.
  returned: success
  type: list
  elements: dict
  contains:
    user_id:
      description: The id, as cases have it as C(assignee). It is empty if the platform does not send it.
      type: str
      returned: always
      sample: 826ef6979788454297c85cbba4a51c08
    email:
      description: The e-mail. It is empty if the platform has none.
      type: str
      returned: always
      sample: ohtani@example.com
    name:
      description: The user name. It is empty if the platform has none.
      type: str
      returned: always
      sample: ohtani
    priv_profile_id:
      description: The privilege profile. It is V(null) if the platform does not send it.
      type: str
      returned: always
      sample: Analyst
count:
  description: The number of RV(users).
  returned: success
  type: int
  sample: 1
missing:
  description: The items of O(users) that no user matches.
  returned: success
  type: list
  elements: str
  sample: []
unusable:
  description:
    - The records of the platform's list that are not of the shape of a user. There is a warning for each. If none can
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
      sample: "Could not use a record of the platform's list of users: must have user_id or email."
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

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.accounts import USER_INFO
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.accounts import run_user_info
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.module import run_module


def main() -> None:
    run_module(USER_INFO, run_user_info)


if __name__ == "__main__":
    main()
