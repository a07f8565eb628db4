# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: case_report
short_description: Render the report of a run over many cases
version_added: 0.1.0
description:
  - Turns the report of a run over many cases into JSON, JUnit XML, Markdown, one HTML page, text for a terminal, CSV or
    metrics.
  - The role P(stellarcyber.xdr.case_hygiene#role) writes its reports in these formats. Use the filter to render a
    report again, from its JSON, in another format.
  - The same report always gives the same text.
  - Text of the platform, such as the name of a case, is text in every format. Except in JSON, control characters,
    bidirectional ones too, are shown as spaces, and long texts are cut.
author:
  - The stellarcyber.xdr contributors (!UNKNOWN)
positional: format
options:
  _input:
    description: The report, as in the JSON report of the role.
    type: dict
    required: true
  format:
    description:
      - With V(json), the report as it is.
      - With V(junit), JUnit XML for a pipeline. Each rule is a suite, with a test for each case that it applies to.
        A finding, and in check mode a case that would change, is a failure. A case that failed is an error, and a case
        that was skipped is skipped. A rule without any such case has one test, which passes. The run has a test too. It
        is an error if the policy could not be evaluated, and a failure if more changes were planned than allowed.
      - With V(markdown), a short text for the summary of a pipeline or a comment on a merge request. Each of its tables
        ends after 50 rows and gives the number of the others.
      - With V(html), one page that needs no network and no script, with charts and every finding and change.
      - With V(text), a few lines for a terminal, a mail or a chat. They contain numbers and the names of the rules, but
        no text of a case.
      - With V(csv), a row for each finding and each changed field, for a spreadsheet (RFC 4180, UTF-8). A text that a
        spreadsheet would take for a formula begins with an apostrophe.
      - With V(openmetrics), the numbers of the run for Prometheus, by rule, severity and tenant. The text is valid as
        OpenMetrics and in the older text format, which the textfile collector of node_exporter reads from a file
        C(*.prom). It has at most 200 rules and 100 tenants. The others are together in C((others\)).
    type: str
    choices: [json, junit, markdown, html, text, csv, openmetrics]
    required: true
"""

EXAMPLES = r"""
- name: Make a page of the JSON report of an earlier run
  ansible.builtin.copy:
    content: "{{ lookup('ansible.builtin.file', 'hygiene.json') | from_json | stellarcyber.xdr.case_report('html') }}"
    dest: hygiene.html
    mode: "0644"

- name: Give the numbers to the textfile collector of node_exporter
  ansible.builtin.copy:
    content: "{{ report | stellarcyber.xdr.case_report('openmetrics') }}"
    dest: /var/lib/node_exporter/hygiene.prom
    mode: "0644"
  vars:
    report: "{{ lookup('ansible.builtin.file', 'hygiene.json') | from_json }}"

- name: Give the summary to GitHub Actions
  ansible.builtin.copy:
    content: "{{ report | stellarcyber.xdr.case_report('markdown') }}"
    dest: "{{ lookup('ansible.builtin.env', 'GITHUB_STEP_SUMMARY') }}"
    mode: "0644"
  vars:
    report: "{{ lookup('ansible.builtin.file', 'hygiene.json') | from_json }}"
"""

RETURN = r"""
_value:
  description: The text of the report.
  type: str
"""

from typing import Any, Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import render

try:
    # Up to 2.18, Ansible converts text that looks like a dict to one, unless it has this type.
    from ansible.utils.native_jinja import NativeJinjaText as Text
except ImportError:
    Text = str


def case_report(report: Any, format: str) -> str:
    try:
        text: str = Text(render(report, format))
    except InputError as error:
        raise AnsibleFilterError(f"The filter stellarcyber.xdr.case_report failed. {error}") from None
    return text


class FilterModule:
    def filters(self) -> dict[str, Callable[..., str]]:
        return {"case_report": case_report}
