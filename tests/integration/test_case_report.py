# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A playbook that renders a report again from its JSON: what Ansible writes is what the filter gave."""

from __future__ import annotations

import json

import pytest

from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import FORMATS, render
from tests import evidence, hostile_text

pytestmark = pytest.mark.slow

REPORT = {
    "report": 1,
    "mode": "check",
    "result": "findings",
    "passed": True,
    "findings": [],
}


@pytest.fixture
def texts(tmp_path):
    return hostile_text.texts(tmp_path / "executed")


@pytest.fixture
def report(texts):
    return {
        **REPORT,
        "findings": [
            {"rule": text, "case_id": "1", "ticket_id": number, "name": text, "tenant": text, "status": "New"}
            for number, text in enumerate(map(hostile_text.as_read, texts.values()))
        ],
    }


@pytest.fixture
def source(tmp_path, report):
    path = tmp_path / "hygiene.json"
    path.write_text(json.dumps(report), encoding="utf-8")
    return f"lookup('ansible.builtin.file', '{path}') | from_json"


def test_files_hold_what_the_filter_gave(play, tmp_path, source, report, texts):
    text = f"{{{{ {source} | stellarcyber.xdr.case_report(item) }}}}"
    (tmp_path / "report.j2").write_text(text, encoding="utf-8")
    file = {"dest": f"{tmp_path}/{{{{ way }}}}.{{{{ item }}}}", "mode": "0644"}
    by_content, by_fact = {**file, "content": text}, {**file, "content": "{{ held }}"}
    tasks = [
        {"ansible.builtin.copy": by_content, "vars": {"way": "content"}},
        {"ansible.builtin.template": {**file, "src": f"{tmp_path}/report.j2"}, "vars": {"way": "template"}},
        # A variable is templated whenever it is used.
        {"ansible.builtin.copy": by_fact, "vars": {"way": "variable", "held": text}},
    ]
    run = play([{**task, "loop": list(FORMATS)} for task in tasks])
    assert run.returncode == 0, run.output
    for format in FORMATS:
        for way in ("content", "template", "variable"):
            # CSV has line ends of its own.
            written = (tmp_path / f"{way}.{format}").read_bytes().decode()
            assert written.rstrip("\n") == render(report, format).rstrip("\n")
    assert not (tmp_path / "executed").exists()
    for text in texts:
        for place in ("case name", "tenant name", "rule name"):
            evidence.record("hostile text", text=text, place=place, through="filter case_report")


def test_a_wrong_format_fails_the_task_with_the_choices(play, source):
    run = play([{"ansible.builtin.debug": {"msg": f"{{{{ {source} | stellarcyber.xdr.case_report('pdf') }}}}"}}])
    assert run.returncode == 2
    assert (
        "format must be one of json, junit, markdown, html, text, csv, openmetrics; got 'pdf'." in run[0].result["msg"]
    )
