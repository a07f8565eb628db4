# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describes the connection options of module_utils/_argspec/connection.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  host:
    description:
      - The platform's name, as V(name[:port]) or V(https://name[:port]). It is required, from one of these sources.
      - Plain C(http://) is accepted for loopback addresses only.
      - If not set, the variable C(stellar_host) is used, else E(STELLAR_HOST).
    type: str
  username:
    description:
      - The account's e-mail, for a legacy API key. Leave it out for a scoped key.
      - If not set, the variable C(stellar_username) is used, else E(STELLAR_USERNAME).
    type: str
  api_key:
    description:
      - The API key (the platform's documentation also calls it refresh token).
      - It is exchanged for an access token, once for each task or lookup, and the token is renewed before it expires.
      - If not set, the variable C(stellar_api_key) is used, else E(STELLAR_API_KEY).
    type: str
  access_token:
    description:
      - An access token (JWT) that exists already. It is used until the platform refuses it; then O(api_key), if
        given, is exchanged for another.
      - If not set, the variable C(stellar_access_token) is used, else E(STELLAR_ACCESS_TOKEN).
    type: str
  auth_method:
    description:
      - How O(api_key) is sent to get an access token.
      - V(basic) is for a legacy key and needs O(username); V(bearer) is for a scoped key (platform 5.5 and later).
      - V(auto) is V(basic) if there is a O(username), else V(bearer).
      - If not set, the variable C(stellar_auth_method) is used, else E(STELLAR_AUTH_METHOD).
    type: str
    choices: [auto, basic, bearer]
    default: auto
  tenant:
    description:
      - Name or id (32 hex digits) of a tenant.
      - Lists are limited to it, and a case of another tenant is refused before anything is written.
      - Leave it out for all tenants that the key can see. An empty value is an error.
      - If not set, the variable C(stellar_tenant) is used, else E(STELLAR_TENANT).
    type: str
  validate_certs:
    description:
      - Whether to verify the platform's TLS certificate. Leave it on; for a private CA set O(ca_path).
      - V(false) gives a warning, once in a run.
      - If not set, the variable C(stellar_validate_certs) is used, else E(STELLAR_VALIDATE_CERTS).
    type: bool
    default: true
  ca_path:
    description:
      - A file with the CA certificates to trust, or a folder of them with the names that C(openssl rehash) gives them,
        on the host that runs the task.
      - If not set, the variable C(stellar_ca_path) is used, else E(STELLAR_CA_PATH), else the certificates of
        Python's requests library.
    type: path
  proxy:
    description:
      - URL of a proxy, for example V(http://proxy.example.com:3128). It can't be used with plain C(http://).
      - If not set, the variable C(stellar_proxy) is used, else E(STELLAR_PROXY), else E(HTTPS_PROXY) with
        E(NO_PROXY).
    type: str
  timeout:
    description:
      - Seconds that one try of a call may take, from connecting to the last byte of the answer, through a proxy too.
        From V(1) to V(3600).
      - Only looking up a name, and talking with a proxy that is reached by SOCKS or TLS, are not within it.
      - If not set, the variable C(stellar_timeout) is used, else E(STELLAR_TIMEOUT).
    type: float
    default: 30.0
  retries:
    description:
      - How often a call is tried again after a lost connection, a time-out, or HTTP 502, 503 or 504. From V(0) to
        V(100). With V(0) nothing is tried again.
      - A C(Retry-After) of the platform is kept, and a little is added so that many clients do not come back at the
        same moment.
      - HTTP 429 does not count against it. The call is tried again as long as O(retry_budget) allows, and calls follow
        each other less closely for a while.
      - If not set, the variable C(stellar_retries) is used, else E(STELLAR_RETRIES).
    type: int
    default: 4
  retry_budget:
    description:
      - Seconds that the task may spend in all on failed tries and on waiting for the next. From V(0) to
        V(86400).
      - If not set, the variable C(stellar_retry_budget) is used, else E(STELLAR_RETRY_BUDGET).
    type: float
    default: 120.0
notes:
  - An option of the connection comes from the task, C(module_defaults) (which a lookup does not see), the variable
    C(stellar_<option>), the environment variable, or its default, in this order. The variables are those of the host
    of the task, also with C(delegate_to). The environment is that of the process that runs the task, with C(become) or
    over SSH not that of C(ansible-playbook), and in a lookup never the keyword C(environment).
  - A value of O(host), O(username), O(api_key), O(access_token), O(tenant), O(validate_certs) or O(ca_path) that is
    empty, blank, null or undefined is an error before anything is sent. An environment variable that is empty counts
    as absent, and so does an empty value of the other options.
requirements:
  - requests (Python library)
"""

    # For ansible-doc. plugin_utils/_connection.py reads them, since Ansible's own way makes false of a misspelt boolean
    # and fails on an environment variable that is empty.
    PLUGIN = r"""
options:
  host:
    env: [{name: STELLAR_HOST}]
    vars: [{name: stellar_host}]
  username:
    env: [{name: STELLAR_USERNAME}]
    vars: [{name: stellar_username}]
  api_key:
    env: [{name: STELLAR_API_KEY}]
    vars: [{name: stellar_api_key}]
  access_token:
    env: [{name: STELLAR_ACCESS_TOKEN}]
    vars: [{name: stellar_access_token}]
  auth_method:
    env: [{name: STELLAR_AUTH_METHOD}]
    vars: [{name: stellar_auth_method}]
  tenant:
    env: [{name: STELLAR_TENANT}]
    vars: [{name: stellar_tenant}]
  validate_certs:
    env: [{name: STELLAR_VALIDATE_CERTS}]
    vars: [{name: stellar_validate_certs}]
  ca_path:
    env: [{name: STELLAR_CA_PATH}]
    vars: [{name: stellar_ca_path}]
  proxy:
    env: [{name: STELLAR_PROXY}]
    vars: [{name: stellar_proxy}]
  timeout:
    env: [{name: STELLAR_TIMEOUT}]
    vars: [{name: stellar_timeout}]
  retries:
    env: [{name: STELLAR_RETRIES}]
    vars: [{name: stellar_retries}]
  retry_budget:
    env: [{name: STELLAR_RETRY_BUDGET}]
    vars: [{name: stellar_retry_budget}]
"""
