# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This is a virtual module that is entirely implemented as an action plugin and runs on the controller.

from __future__ import annotations

DOCUMENTATION = r"""
module: case_hygiene_merge
short_description: Merge the reports of several runs of the role case_hygiene
version_added: 0.1.0
description:
  - Makes one report of the reports of several runs, such as one for each tenant or for each slice of a job. Its numbers
    are those of one run over all their cases, and it has a table of the runs.
  - It reads and writes files on the controller, and sends nothing. In check mode it does the same.
  - The playbook C(stellarcyber.xdr.hygiene_merge) consists of this module, and fails if the policy check of a run did
    not pass.
  - What would make the sums wrong is an error, and then nothing is written. This applies to a path without a report, a
    report that is too old, reports that contain the same case, and those of previews beside those of applies.
author:
  - The stellarcyber.xdr contributors (!UNKNOWN)
attributes:
  check_mode:
    description: Changes nothing on the platform.
    support: full
  diff_mode:
    description: Shows what is changed.
    support: none
options:
  reports:
    description:
      - The JSON reports, or the folders that contain a C(hygiene.json), or patterns for either, such as V(reports/*).
      - A run that left no report is an error if its path is given. A pattern does not notice it.
      - The merged report of O(report_dir) itself is left out.
    type: list
    elements: str
    required: true
  report_dir:
    description:
      - The folder for the merged report. It is created if needed, and the reports in it are replaced.
      - A relative path starts in the working directory of C(ansible-playbook), also in O(reports).
    type: path
    required: true
  report_formats:
    description: Which reports to write, as in the role.
    type: list
    elements: str
    choices: [json, junit, markdown, html, csv, openmetrics]
    default: [json, junit, markdown, html]
  title:
    description: The title of the merged report. Without it, that of the reports.
    type: str
  max_age:
    description:
      - How long ago a run may have started, such as V(90m), V(24h) or V(7d).
      - An older report may be there because today's run left none.
    type: str
    default: 24h
seealso:
  - module: stellarcyber.xdr.case_hygiene
"""

EXAMPLES = r"""
- name: Make one report of the reports of all tenants
  stellarcyber.xdr.case_hygiene_merge:
    # The folder of each host, so that a missing report is an error
    reports: "{{ ['reports'] | product(groups['stellar_tenants']) | map('path_join') }}"
    report_dir: reports/all
"""

RETURN = r"""
report:
  description:
    - The merged report, as in C(hygiene.json), with the list C(runs).
    - C(passed) is true if the policy check of each run passed.
  type: dict
  returned: success
  sample: {report: 1, platform: myserver.stellarcyber.cloud, result: drift, passed: false, runs: [{run: clinic}]}
summary:
  description: The summary of the report, in a few lines.
  type: list
  elements: str
  returned: success
  sample: ["Case hygiene on myserver.stellarcyber.cloud: drift"]
"""
