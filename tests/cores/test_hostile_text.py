# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every text of tests/hostile_text.py goes through modules, lookup, role and playbooks, on every ansible-core."""

from __future__ import annotations

import json

import pytest
import yaml

from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import render
from tests import evidence, hostile_text

TASKS = """
- name: Read the cases in Ansible's process
  stellarcyber.xdr.stellar_case_info: &query
    tags: [hostile]
    include: [alerts, observables, summary, comments, activities, scores]
  register: found
- name: Read the cases as a module
  stellarcyber.xdr.stellar_case_info: *query
  environment: {ANY: thing}
  register: found_by_module
- name: Change each case, with its name in an option
  stellarcyber.xdr.stellar_case:
    case_id: "{{ item._id }}"
    severity: High
    # ansible-core gives no option to a module with NUL in it where Python's syslog takes none.
    comment: "Seen: {{ (item.name | replace('\\0', ''))[:1000] }}"
  diff: true
  loop: "{{ found.cases }}"
  loop_control: &label
    label: "{{ item.ticket_id }}"
  register: written
- name: Change all cases
  stellarcyber.xdr.stellar_cases:
    rules:
      - name: "{{ found.cases[0].name }}"
        description: "{{ found.cases[3].name }}"
        match: {tags: {any: [hostile]}}
        set: {tags: {add: [seen]}}
  diff: true
  register: ruled
- name: Undo it
  stellarcyber.xdr.stellar_cases:
    cases: "{{ ruled.undo }}"
  register: undone
- name: Look the cases up, and use them in a loop, in a condition and in a message
  ansible.builtin.debug:
    msg: "Found: {{ item.name }}"
  when: item.name == found.cases[index].name and item.tags | length > 0
  loop: "{{ query('stellarcyber.xdr.stellar_cases', 'hostile') }}"
  loop_control:
    label: "{{ item.ticket_id }}"
    index_var: index
  register: looped
- name: Keep them as facts
  ansible.builtin.set_fact:
    cases_fact: "{{ found.cases }}"
    lookup_fact: "{{ query('stellarcyber.xdr.stellar_cases', 'hostile') }}"
    ids_fact: "{{ query('stellarcyber.xdr.stellar_cases', 'hostile', result='ids') }}"
    count_fact: "{{ lookup('stellarcyber.xdr.stellar_cases', 'hostile', result='count') }}"
    names_fact: "{{ found.cases | map(attribute='name') | map('regex_replace', '^', 'Kept: ') | list }}"
- name: Include tasks that show a case
  ansible.builtin.include_tasks: show.yml
  vars:
    shown: "{{ item }}"
  loop: "{{ found.cases[:8] }}"
  loop_control: *label
- name: Look for what special names may have set
  ansible.builtin.assert:
    that:
      - value is not defined
      - ansible_facts.value is not defined
      - found is not failed
      - found is not skipped
      - found is not changed
- name: Keep all
  ansible.builtin.copy:
    content: "{{ seen | to_json }}"
    dest: "{{ folder }}/seen.json"
    mode: "0600"
  vars:
    seen:
      found: "{{ found.cases }}"
      found by a module: "{{ found_by_module.cases }}"
      written: "{{ written.results | map(attribute='case') | list }}"
      diffs: "{{ written.results | map(attribute='diff') | map(attribute='after') | list }}"
      ruled: "{{ ruled.case_results }}"
      rule: "{{ ruled.rules[0] }}"
      undone: "{{ undone.case_results }}"
      looped: "{{ looped.results | map(attribute='msg') | list }}"
      facts: "{{ cases_fact }}"
      looked up: "{{ lookup_fact }}"
      ids: "{{ ids_fact }}"
      count: "{{ count_fact }}"
      names: "{{ names_fact }}"
"""
SHOW = """
- name: "Case {{ shown.name }}"
  ansible.builtin.debug:
    msg: "Shown: {{ shown.name }}"
"""


@pytest.fixture
def run(core, simulator, tmp_path):
    """run(playbook, *arguments, **variables): its output. Nothing of the texts was executed or evaluated."""

    def run(playbook, *arguments, **variables):
        code, output = core.play(simulator, tmp_path, playbook, *arguments, "-e", json.dumps(variables))
        assert code == 0, f"{core.version}\n{output[-10_000:]}"
        assert not (tmp_path / "executed").exists(), core.version
        assert not hostile_text.EVALUATED.search(output), core.version
        return output

    return run


@pytest.fixture
def texts(simulator, tmp_path):
    texts = hostile_text.texts(tmp_path / "executed")
    simulator.reset(seed=hostile_text.platform(texts))
    simulator.switch(description_in_get=True)
    return texts


def record(texts, core, places, through):
    for text in texts:
        for place in places:
            evidence.record("hostile text", text=text, place=place, through=through, core=core.version)


def test_it_stays_text_in_modules_and_lookup(core, run, texts, tmp_path):
    (tmp_path / "show.yml").write_text(SHOW, encoding="utf-8")
    play = {"hosts": "localhost", "gather_facts": False, "tasks": yaml.safe_load(TASKS)}
    (tmp_path / "playbook.yml").write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
    output = run("playbook.yml", folder=str(tmp_path))
    assert "WARNING" not in output, core.version

    written = (tmp_path / "seen.json").read_text(encoding="utf-8")
    assert not hostile_text.EVALUATED.search(written), core.version
    seen = json.loads(written)
    expected = hostile_text.as_read(hostile_text.platform(texts))
    names = [case["name"] for case in expected]
    for way, places, through in (
        ("found", hostile_text.PLACES, "stellar_case_info in process"),
        ("found by a module", hostile_text.PLACES, "stellar_case_info"),
        ("facts", hostile_text.PLACES, "set_fact"),
        ("looked up", hostile_text.LISTED, "lookup stellar_cases"),
        ("written", hostile_text.LISTED, "stellar_case"),
    ):
        for place, read in places.items():
            assert list(map(read, seen[way])) == list(map(read, expected)), (core.version, way, place)
        record(texts, core, places, through)
    for way in ("ruled", "undone"):
        assert [case["name"] for case in seen[way]] == names, (core.version, way)
        assert [case["tenant"] for case in seen[way]] == [case["tenant_name"] or case["cust_id"] for case in expected]
        assert {case["outcome"] for case in seen[way]} == {"changed"}, (core.version, way)
        tags = [case["changes"][0]["before" if way == "ruled" else "after"] for case in seen[way]]
        assert tags == [sorted(case["tags"]) for case in expected]
    record(texts, core, ("case name", "tenant name", "tag"), "stellar_cases")
    assert [diff["comment"] for diff in seen["diffs"]] == [f"Seen: {name.replace(chr(0), '')[:1000]}" for name in names]
    assert seen["looped"] == [f"Found: {name}" for name in names]
    assert seen["names"] == [f"Kept: {name}" for name in names]
    assert (seen["ids"], int(seen["count"])) == ([case["_id"] for case in expected], len(expected))
    assert (seen["rule"]["name"], seen["rule"]["description"]) == (names[0], names[3])
    record(texts, core, ("case name",), "options, loops and messages of a playbook")


def test_it_stays_text_in_role_reports_and_undo(core, run, simulator, texts, tmp_path):
    rules = [
        {"name": texts["Jinja expression"], "match": {"name": "(?s).+"}},
        {
            "name": texts["Jinja arithmetic"],
            "description": texts["Jinja statement"],
            "match": {"tags": {"any": ["hostile"]}},
            "set": {"tags": {"delete": ["hostile"]}},
        },
    ]
    policy = {"title": texts["tag !unsafe"], "rules": rules}
    (tmp_path / "policy.yml").write_text(json.dumps(policy), encoding="utf-8")
    output = run(
        "stellarcyber.xdr.hygiene",
        "--diff",
        case_hygiene_policy_file="policy.yml",
        case_hygiene_report_dir="reports",
        case_hygiene_max_changes="100%",
        case_hygiene_journal=str(tmp_path / "run.journal"),
    )
    assert hostile_text.steering(output) == [], core.version
    assert hostile_text.forged(output) == [], core.version
    # Before it stands the diff, which shows tags in the middle of lines.
    _diff, found, said = output.partition(
        "TASK [stellarcyber.xdr.case_hygiene : Set case_hygiene_report to the report]"
    )
    assert found
    assert hostile_text.commands(said) == [], core.version
    expected = hostile_text.as_read(hostile_text.platform(texts))
    report = json.loads((tmp_path / "reports/hygiene.json").read_text(encoding="utf-8"))
    assert [case["name"] for case in report["case_results"]] == [case["name"] for case in expected], core.version
    assert report["title"] == policy["title"]
    assert [(rule["name"], rule["description"]) for rule in report["rules"]] == [
        (rule["name"], rule.get("description", "")) for rule in rules
    ]
    for file in ("hygiene.xml", "hygiene.md", "hygiene.html"):
        shown = (tmp_path / "reports" / file).read_text(encoding="utf-8")
        assert not hostile_text.EVALUATED.search(shown), (core.version, file)
        # All else about reports does not depend on the ansible-core.
        report_again = render(report, {"xml": "junit", "md": "markdown", "html": "html"}[file.partition(".")[2]])
        assert shown == report_again, (core.version, file)
        record(texts, core, ("case name", "tenant name", "tag"), f"role case_hygiene, {file}")
    record(texts, core, ("case name", "tenant name", "tag"), "role case_hygiene, hygiene.json")

    output = run("stellarcyber.xdr.undo", "--diff", undo_file="run.journal")
    assert hostile_text.steering(output) == [], core.version
    assert hostile_text.forged(output) == [], core.version
    assert [sorted(case["tags"]) for case in simulator.cases()] == [
        sorted(case["tags"]) for case in hostile_text.platform(texts)
    ]
    record(texts, core, ("case name", "tag"), "playbook undo")
