# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lookup stellar_cases, in real playbooks."""

from __future__ import annotations

import pytest

from tests.integration.playbook import CASE

TOKEN, LIST = "POST access_token", "GET cases"
EVENT = "'stellarcyber.xdr.stellar_cases', 'October-event'"


def debug(expression, **more):
    return {"ansible.builtin.debug": {"msg": "{{ " + expression + " }}"}, **more}


def test_terms_options_and_results(sim, play):
    store = sim.cases()
    tagged = sorted(
        (case for case in store if {"October-event", "phishing"} & set(case["tags"])),
        key=lambda case: case["created_at"],
    )
    run = play(
        [
            debug(f"query({EVENT}, 'phishing', result='ids')"),
            debug("query('stellarcyber.xdr.stellar_cases', ['October-event', 'phishing'], result='ids')"),
            debug(f"query({EVENT}, 'phishing', result='count')"),
            debug(f"query({EVENT}, 'phishing', not_tags=['phishing'], result='ids')"),
            debug(f"query({EVENT}, created_before='7d', status=['New'], limit=1)"),
            debug("query('stellarcyber.xdr.stellar_cases', 'nothing has this tag')"),
            debug(
                "query('stellarcyber.xdr.stellar_cases', sort='score', order='desc', limit=2) | map(attribute='score')"
            ),
            debug("query('stellarcyber.xdr.stellar_cases', tenant='Example Clinic') | map(attribute='tenant_name')"),
        ]
    )
    assert run.returncode == 0, run.output
    results = [task.result["msg"] for task in run.tasks]
    assert results[0] == results[1] == [case["_id"] for case in tagged]
    assert results[2] == [len(tagged)]
    assert results[3] == [case["_id"] for case in tagged if "phishing" not in case["tags"]]
    assert [case["_id"] for case in results[4]] == [CASE]
    assert results[4][0]["name"] == sim.case(CASE)["name"]
    assert results[5] == []
    assert results[6] == sorted((case["score"] for case in store), reverse=True)[:2]
    assert set(results[7]) == {"Example Clinic"}
    assert run[0].calls == run[1].calls == run[2].calls == run[4].calls == [TOKEN, LIST]


def test_a_loop_over_it(play):
    tasks = [
        {
            "stellarcyber.xdr.stellar_case": {"case_id": "{{ item._id }}", "severity": "Low"},
            "loop": "{{ query(" + EVENT + ") }}",
            "loop_control": {"label": "{{ item.ticket_id }}"},
        }
    ]
    first, again = play(tasks), play(tasks)
    assert first[0].result["changed"] is True
    assert again[0].result["changed"] is False
    assert first.returncode == again.returncode == 0


CONNECTION = ("host", "username", "api_key", "ca_path")


@pytest.mark.parametrize("source", ["options", "variables", "templates", "environment"])
def test_the_connection_comes_from(sim, play, source):
    values = {name: getattr(sim, name) for name in CONNECTION}
    variables = tuple(f"STELLAR_{name.upper()}" for name in CONNECTION)
    options, how = "", {"without": variables}
    if source == "options":
        options = ", " + ", ".join(f"{name}='{value}'" for name, value in values.items())
    elif source == "variables":
        how["play"] = {"vars": {f"stellar_{name}": value for name, value in values.items()}}
    elif source == "templates":
        how["play"] = {"vars": {f"stellar_{name}": "{{ my_" + name + " }}" for name in CONNECTION}}
        how["secret_vars"] = {f"my_{name}": value for name, value in values.items()}
    else:
        how = {}
    run = play([debug(f"query({EVENT}, result='ids'{options})")], **how)
    assert run.returncode == 0, run.output
    assert CASE in run[0].result["msg"]


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ("'a,b'", ["contains a comma"]),
        ("''", ["is empty"]),
        ("'a', created_after='whenever'", ["is not a valid time", "Give an age"]),
        ("'a', status=['Open']", ["Open"]),
        ("'a', limit=0", ["limit"]),
        ("'a', result='count', limit=3", ["limit"]),
        ("'a', host='http://xdr.example.com'", ["in clear text"]),
        ("'a', api_key='wrong'", ["HTTP 401", "legacy key"]),
        ("'a', tenant='Nowhere'", ["Could not find tenant Nowhere"]),
        ("'a', assignee=['nobody@example.com']", ["Could not find user"]),
        ("'a', statuss=['New']", ["Unsupported parameters for the lookup", "statuss", "Supported are", "severity"]),
        ("tags=['a']", ["has no option tags", "Tags are its terms"]),
        ("[]", ["empty list of tags"]),
        ("'a', status=[]", ["status", "is an empty list"]),
        ("{'a': 1}", ["must be a list of strings"]),
    ],
)
def test_bad_input(play, arguments, parts):
    run = play([debug(f"query('stellarcyber.xdr.stellar_cases', {arguments})")])
    assert run.returncode == 2
    message = " ".join(run.output.split())
    for part in parts:
        assert part in message
