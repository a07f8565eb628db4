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
      - The platform's host name, as V(name[:port]) or V(https://name[:port]). One of the sources must give it.
      - Plain C(http://) is accepted for loopback addresses only.
      - If not set, the variable C(stellar_host) is used, else E(STELLAR_HOST).
    type: str
  username:
    description:
      - The account's e-mail, for a legacy key. Leave it out for a scoped key.
      - If not set, the variable C(stellar_username) is used, else E(STELLAR_USERNAME).
    type: str
  api_key:
    description:
      - The API key. The platform's documentation also calls it a refresh token.
      - Each task or lookup exchanges it once for an access token, and renews the token before it expires.
      - If not set, the variable C(stellar_api_key) is used, else E(STELLAR_API_KEY).
    type: str
  access_token:
    description:
      - An existing access token (JWT). It is used until the platform refuses it. Then O(api_key), if set, is exchanged
        for a new one.
      - If not set, the variable C(stellar_access_token) is used, else E(STELLAR_ACCESS_TOKEN).
    type: str
  auth_method:
    description:
      - The way to send O(api_key) to get an access token.
      - V(basic) is for a legacy key and requires O(username). V(bearer) is for a scoped key (platform 5.5 or later).
      - V(auto) is V(basic) if O(username) is set, else V(bearer).
      - If not set, the variable C(stellar_auth_method) is used, else E(STELLAR_AUTH_METHOD).
    type: str
    choices: [auto, basic, bearer]
    default: auto
  tenant:
    description:
      - The name or id (32 hex digits) of a tenant.
      - Lists return cases of this tenant only. A case of another tenant is rejected before anything is written.
      - Leave it out for all tenants that the key can see. An empty value is an error.
      - If not set, the variable C(stellar_tenant) is used, else E(STELLAR_TENANT).
    type: str
  validate_certs:
    description:
      - Whether to verify the platform's TLS certificate. Leave it on; for a private CA set O(ca_path).
      - V(false) causes a warning, once in a run.
      - If not set, the variable C(stellar_validate_certs) is used, else E(STELLAR_VALIDATE_CERTS).
    type: bool
    default: true
  ca_path:
    description:
      - The CA certificates to trust, on the host that runs the task. A file, or a folder that C(openssl rehash)
        prepared.
      - If not set, the variable C(stellar_ca_path) is used, else E(STELLAR_CA_PATH), else the certificates of
        Python's requests library.
    type: path
  proxy:
    description:
      - The URL of a proxy, for example V(http://proxy.example.com:3128). It can't be used with plain C(http://).
      - If not set, the variable C(stellar_proxy) is used, else E(STELLAR_PROXY), else E(HTTPS_PROXY) with
        E(NO_PROXY).
    type: str
  timeout:
    description:
      - Seconds for one attempt of an API request, from the connection to the last byte of the answer, through a proxy
        too. From V(1) to V(3600).
      - If it is not set at all, it is 90 seconds for a list of cases or alerts, and 30 seconds for all other requests.
      - It does not limit the lookup of a host name, and the exchange with a proxy that is reached by SOCKS or TLS.
      - If not set, the variable C(stellar_timeout) is used, else E(STELLAR_TIMEOUT).
    type: float
  retries:
    description:
      - The maximum number of retries of an API request after a lost connection, a timeout, or HTTP 502, 503 or 504,
        and of one that writes nothing after HTTP 500, too.
        From V(0) to V(100). V(0) disables all retries.
      - A list of cases is retried once at most, and not after a timeout. Then smaller pages are asked for.
      - The header C(Retry-After) of the platform is honoured. A little time is added to it, so that many clients do
        not return at the same moment.
      - Retries after HTTP 429 are not counted. They go on as long as O(retry_budget) allows, and the requests are sent
        at a lower rate for a while.
      - If not set, the variable C(stellar_retries) is used, else E(STELLAR_RETRIES).
    type: int
    default: 4
  retry_budget:
    description:
      - The total retry budget of the task in seconds, for failed attempts and for the waits before retries. From V(0)
        to V(86400).
      - If not set, the variable C(stellar_retry_budget) is used, else E(STELLAR_RETRY_BUDGET).
    type: float
    default: 120.0
notes:
  - A connection option comes from the task, C(module_defaults) (which a lookup does not see), the variable
    C(stellar_<option>), the environment variable, or its default, in this order. The variables are those of the task's
    host, also with C(delegate_to).
  - The environment is that of the process that runs the task. With C(become) or over SSH it is not that of
    C(ansible-playbook). A lookup never sees the keyword C(environment).
  - A value of O(host), O(username), O(api_key), O(access_token), O(tenant), O(validate_certs) or O(ca_path) that is
    empty, only spaces, null or undefined is an error before anything is sent. An empty environment variable, and an
    empty value of any other option, is treated as not set.
requirements:
  - requests (Python library)
"""

    # For ansible-doc. plugin_utils/_connection.py reads them, since Ansible itself turns a mistyped boolean into false
    # and fails on an empty environment variable.
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
