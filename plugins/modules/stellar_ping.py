# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stellar_ping
short_description: Check the connection to a Stellar Cyber platform step by step
version_added: 0.1.0
description:
  - Checks each step from the options to the first case that the key can read. If a step fails, its message says what to
    do, and RV(report) can be pasted into a ticket.
  - Uses the same options, connections, certificates and proxy as the other modules. Retries are not used, so that a
    failure that comes and goes is seen; see O(attempts).
  - Reads only. The one exception is the exchange of the key for an access token, which every module does.
  - Also reads some small pages to learn what the platform can do, see RV(capabilities).
  - With O(contract_dir), it compares the platform with what the collection relies on, and writes the answers to files
    that can be given to others.
author:
  - The stellarcyber.xdr contributors (!UNKNOWN)
extends_documentation_fragment:
  - stellarcyber.xdr._attributes
  - stellarcyber.xdr._attributes.info
  - stellarcyber.xdr._attributes.in_process
  - stellarcyber.xdr._connection
options:
  warn_days:
    description: Warn if the platform's certificate or the key expires within so many days. From V(0) to V(3650).
    type: int
    default: 30
  skip:
    description: The steps to leave out, see RV(steps).
    type: list
    elements: str
    choices: [name, proxy, tcp, tls, key, token, read, clock, tenant, capabilities]
    default: []
  fail_on:
    description:
      - When the task fails. V(failed) is when a step failed, V(warning) also when a step has a warning.
      - With V(never) it fails only if an option is not valid, or the Python library is not there.
    type: str
    choices: [failed, warning, never]
    default: failed
  redact:
    description:
      - Replace the platform's name and addresses, the proxy, the tenant, the account and the kind of key by
        placeholders in RV(report), and leave out what the platform answered. All other results still have them.
    type: bool
    default: false
  attempts:
    description:
      - The number of attempts of each step that uses the network, except V(tenant) and V(capabilities). From V(1) to
        V(20).
      - RV(steps) then has the shortest, the median and the longest time. If only some of the attempts fail, the step
        has a warning.
    type: int
    default: 1
  contract_dir:
    description:
      - A folder on the controller. Each claim of the page C(docs/api.md) that a read can settle is answered, and
        C(contract.json) and C(contract.md) are written there. The playbook C(stellarcyber.xdr.contract) does this.
      - The files contain no name, id, address or text of the platform, and numbers of records in coarse steps only.
        Their owner alone can read them. Those of an earlier run are replaced.
      - If a step fails, no file is written. In check mode the files are written, too; the platform is only read.
      - The folder is created if needed. A relative path starts in the working directory of C(ansible-playbook).
      - Sends at most 60 C(GET) requests in all, beside those of O(attempts). From the step V(capabilities) on,
        O(retries) is used.
      - Can't be combined with V(read) or V(capabilities) in O(skip), nor with C(async).
    type: path
seealso:
  - module: stellarcyber.xdr.stellar_case_info
"""

EXAMPLES = r"""
- name: Check the connection
  stellarcyber.xdr.stellar_ping:

- name: Check it before the other tasks of a job, certificates that expire soon included
  stellarcyber.xdr.stellar_ping:
    warn_days: 14
    fail_on: warning
    skip: [capabilities]

- name: Make a report for a ticket, whatever the result is
  stellarcyber.xdr.stellar_ping:
    fail_on: never
    redact: true
  register: ping

- name: Show the report
  ansible.builtin.debug:
    msg: "{{ ping.report }}"

- name: Write it to a file
  ansible.builtin.copy:
    content: "{{ ping.report | join('\n') }}\n"
    dest: stellar_ping.txt
    mode: "0600"

- name: Compare the platform with what the collection relies on
  stellarcyber.xdr.stellar_ping:
    contract_dir: contract
"""

RETURN = r"""
platform:
  description: The platform, as RV(stellarcyber.xdr.stellar_case#module:platform).
  returned: when the connection's options are valid
  type: str
  sample: myserver.stellarcyber.cloud
scope:
  description: The scope, as RV(stellarcyber.xdr.stellar_case#module:scope).
  returned: when the connection's options are valid
  type: str
  sample: all tenants
ok:
  description: Whether no step failed. Steps may have warnings.
  returned: always
  type: bool
  sample: true
failed_step:
  description: The first step that failed. V(null) if none did.
  returned: always
  type: str
  sample: tls
remedy:
  description: What to do about RV(failed_step). V(null) if no step failed.
  returned: always
  type: str
  sample: Set ca_path to the file of its CA.
steps:
  description:
    - "The steps, always all and in this order:"
    - V(options) - the options are complete and fit together. Sends nothing.
    - V(library) - the Python libraries are there, and their versions. Sends nothing.
    - V(name) - the addresses of O(host). Skipped with a proxy, which looks the name up.
    - V(proxy) - the proxy connects to the platform. Skipped if none is set for this platform.
    - V(tcp) - a connection to the platform's port. Skipped with a proxy.
    - V(tls) - the platform's certificate is valid and is for this name, its issuer, and when it expires.
    - V(key) - the kind of key, and when it expires if it says so. Sends nothing.
    - V(token) - the key is exchanged for an access token.
    - V(read) - one case is read.
    - V(clock) - the platform's clock agrees with that of this machine. Sends nothing.
    - V(tenant) - the key sees O(tenant), and a list can be limited to it.
    - V(capabilities) - see RV(capabilities).
    - V(contract) - see RV(contract). With O(contract_dir) only.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The step.
      type: str
      returned: always
      sample: tls
    status:
      description: V(ok), V(warning), V(failed) or V(skipped). The steps after a failed one are skipped.
      type: str
      returned: always
      sample: ok
    ms:
      description: The milliseconds that the step took; the median with O(attempts). V(null) if it was skipped.
      type: float
      returned: always
      sample: 21.3
    ms_min:
      description: The milliseconds of the shortest attempt.
      type: float
      returned: if the step made several attempts
      sample: 20.9
    ms_max:
      description: The milliseconds of the longest attempt.
      type: float
      returned: if the step made several attempts
      sample: 35.1
    detail:
      description: What was found, or what happened, or the step that a skipped one waits for.
      type: str
      returned: always
      sample: TLSv1.3, issued by Example CA, expires 2027-02-01 in 65 days.
    remedy:
      description: What to do about a failure or a warning, else V(null).
      type: str
      returned: always
      sample: null
capabilities:
  description:
    - What the platform can do, as far as reads of small pages can tell. V(null) is what they can't tell;
      RV(capabilities.unknown) has the reason. All of it is V(null) if the step was skipped.
  returned: always
  type: dict
  contains:
    endpoints:
      description:
        - "For each optional list, V(yes), V(no) (the platform does not have it, HTTP 404 or 405) or V(forbidden) (the
          key has no permission, HTTP 401 or 403): C(users), C(tenants), C(tenant_groups), and of one case
          C(comments), C(activities), C(scores)."
      type: dict
      returned: always
      sample: {users: forbidden, tenants: "yes", tenant_groups: "no", comments: "yes", activities: "yes", scores: "yes"}
    filters:
      description:
        - "Whether the platform honours a filter of its list of cases: C(created_at), C(modified_at), C(score),
          C(status), C(severity), C(tags). V(true) if a value that no case has finds none, V(false) if it is ignored."
      type: dict
      returned: always
      sample: {created_at: true, modified_at: true, score: true, status: true, severity: true, tags: true}
    sort:
      description: Whether the list is sorted by C(created_at) and by C(modified_at) as requested.
      type: dict
      returned: always
      sample: {created_at: true, modified_at: true}
    without_window:
      description: Whether a list without C(FROM~created_at) has V(all) cases, or is V(cut), as to the last 24 hours.
      type: str
      returned: always
      sample: all
    deep_skip:
      description: Whether a C(skip) above 1,000 works.
      type: bool
      returned: always
      sample: false
    unknown:
      description: The reasons of the values that are V(null), by C(endpoints.users) and so on.
      type: dict
      returned: always
      sample: {deep_skip: "There are fewer than 1002 cases."}
contract:
  description: The content of C(contract.json).
  returned: with O(contract_dir), if no step failed
  type: dict
  contains:
    contract:
      description: The version of this format, V(1).
      type: int
      returned: always
      sample: 1
    made_by:
      description: The versions of the collection, ansible-core and Python.
      type: str
      returned: always
      sample: stellarcyber.xdr 0.1.0, ansible-core 2.19.0, Python 3.12.1
    libraries:
      description: The versions of the libraries.
      type: str
      returned: always
      sample: requests 2.32.3, urllib3 2.5.0, OpenSSL 3.0.19 27 Jan 2026
    date:
      description: The day of the run, in UTC.
      type: str
      returned: always
      sample: "2026-11-28"
    requests:
      description: The number of API requests of the run, as RV(requests).
      type: dict
      returned: always
      sample: {read: 51, write: 0, retry: 0}
    counts:
      description: The number of claims with each answer.
      type: dict
      returned: always
      sample: {confirmed: 48, differs: 1, undecided: 9, not_read: 17}
    claims:
      description: The claims, always all and in the order of C(docs/api.md).
      type: list
      elements: dict
      returned: always
      contains:
        id:
          description: The id of the claim.
          type: str
          returned: always
          sample: case.unknown
        section:
          description: The heading of the claim.
          type: str
          returned: always
          sample: Cases
        claim:
          description: The claim.
          type: str
          returned: always
          sample: the id of no case is answered with HTTP 404 or 410
        answer:
          description: V(confirmed), V(differs), V(undecided), or V(not_read) if no read can settle it.
          type: str
          returned: always
          sample: confirmed
        reason:
          description: What was seen, or why it is not decided. Empty if there is no more to say.
          type: str
          returned: always
          sample: HTTP 404.
        requests:
          description: The number of C(GET) requests for this claim. Claims share what is read.
          type: int
          returned: always
          sample: 1
contract_files:
  description: The paths of the files.
  returned: with O(contract_dir), if no step failed
  type: list
  elements: str
  sample: [/home/ana/contract/contract.json, /home/ana/contract/contract.md]
report:
  description:
    - The result as 20 to 30 lines of text, with versions. It contains no key and no token.
    - If an option is not valid, it is as with O(redact=true).
  returned: always
  type: list
  elements: str
  sample: ["stellar_ping:  failed at tls", "platform:      myserver.stellarcyber.cloud"]
requests:
  description: The number of API requests that were sent, see RV(stellarcyber.xdr.stellar_case#module:requests).
  returned: when the connection's options are valid
  type: dict
  sample: {read: 20, write: 0, retry: 0}
error:
  description: The error, see RV(stellarcyber.xdr.stellar_case#module:error).
  returned: failure
  type: dict
"""

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.ping import PING
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.module import run_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.ping import explained, run_ping


def main() -> None:
    run_module(PING, run_ping, explained)


if __name__ == "__main__":
    main()
