# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each connection option from each source: what is given and says nothing is an error, and nothing is sent.

tests/connection_table.py is the table; tests/cores runs a part of it on each ansible-core, tests/long that of the
environment, the role and the playbooks.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.connection import CONNECTION, PROTECTS, env_name
from tests.connection_table import (
    MODULES,
    OWN_PROCESS,
    WRONG,
    Cell,
    by_environment,
    cells,
    judge,
    tasks_of,
)
from tests.integration.playbook import CASE, run_playbook

pytestmark = pytest.mark.slow

READERS = (*MODULES, "lookup")


@pytest.mark.parametrize("reader", READERS)
def test_task_module_defaults_and_variable(sim, play, reader):
    table = cells(tuple(CONNECTION), (reader,))
    run_and_judge(sim, play, table)


def run_and_judge(sim, play, table):
    before = sim.cases()
    judge(table, play([cell.task() for cell in table]).tasks)
    assert sim.cases() == before


@pytest.mark.parametrize("kind", ["empty", "blank"])
def test_an_environment_variable_that_says_nothing_is_absent(sim, play, kind):
    """All at once, as AWX and CI products make them; what is needed comes from variables."""
    needed = {f"stellar_{name}": getattr(sim, name) for name in ("host", "username", "api_key", "ca_path")}
    absent = {env_name(option): "" for option in CONNECTION}
    if kind == "blank":
        absent = {env_name(option): " " for option in CONNECTION if option not in PROTECTS}
    table = by_environment("tenant", "empty")
    run = play(tasks_of(table), secret_vars=needed, **absent)
    assert run.returncode == 0, run.output
    assert [task.name for task in run.tasks if task.kind == "failed"] == []
    cells_run = {task.name: task.requests for task in run.tasks if task.name.count(" | ") == 4}
    assert list(cells_run) == [cell.name for cell in table]
    assert all(requests for name, requests in cells_run.items() if Cell.of(name).reader != "role")
    # An empty one of these would switch it off where false is made of it.
    assert "validate_certs is false" not in run.output


@pytest.mark.parametrize("word", ["", "ture", "enabled"])
def test_no_word_of_the_environment_switches_verification_off(sim, play, word):
    """Without its CA file the simulator's certificate can't be verified: whoever gets an answer has not verified it."""
    table = [
        Cell("validate_certs", "misspelt", "environment", reader, False) for reader in (*READERS, OWN_PROCESS, "role")
    ]
    run = play(tasks_of(table), without=("STELLAR_CA_PATH",), STELLAR_VALIDATE_CERTS=word)
    ended = {task.name: task for task in run.tasks if task.name.count(" | ") == 4}
    assert list(ended) == [cell.name for cell in table]
    wanted = "validate_certs, from the environment variable" if word else "TLS failed, so nothing was sent"
    for name, task in ended.items():
        assert task.kind == "failed", name
        assert wanted in task.result["msg"], name
    assert sim.requests() == []


@pytest.mark.parametrize("option", ["host", "api_key"])
def test_what_is_missing_everywhere_names_all_places(play, option):
    run = play([{"stellarcyber.xdr.stellar_case_info": {"limit": 1}}], without=(env_name(option),))
    message = run[0].result["msg"]
    assert f"{option} is required. Set it in the task, as the variable stellar_{option}, or in" in message
    assert f"export STELLAR_{option.upper()}." in message
    assert run[0].requests == []


@pytest.mark.parametrize("option", CONNECTION)
def test_precedence(sim, tmp_path, option):
    """Only the first source that has a value is looked at: what comes after it may be wrong."""
    good = {
        **{name: getattr(sim, name) for name in ("host", "username", "api_key", "ca_path")},
        "access_token": None,
        "auth_method": "basic",
        "tenant": "Example Tenant",
        "validate_certs": True,
        "proxy": None,
        "timeout": 20,
        "retries": 1,
        "retry_budget": 3,
    }[option]
    if good is None:
        pytest.skip("a value that works needs a token or a proxy: test_connection.py and test_network.py have them")
    bad = WRONG[option][1]
    variable = f"stellar_{option}"
    options = {"tags": ["October-event"]}
    module = "stellarcyber.xdr.stellar_case_info"
    defaults = {"group/stellarcyber.xdr.stellar": {option: bad}}
    lookup = "{{ query('stellarcyber.xdr.stellar_cases', 'October-event', result='ids'%s) }}"
    run = run_playbook(
        sim,
        tmp_path,
        [
            {"name": "task", module: {**options, option: "{{ good }}"}, "module_defaults": defaults},
            {"name": "task over variable", module: {**options, option: "{{ good }}"}, "vars": {variable: bad}},
            {
                "name": "module_defaults over variable",
                module: options,
                "module_defaults": {"group/stellarcyber.xdr.stellar": {option: "{{ good }}"}},
                "vars": {variable: bad},
            },
            {"name": "variable over environment", module: options, "vars": {variable: "{{ good }}"}},
            {
                "name": "lookup's own",
                "ansible.builtin.debug": {"msg": lookup % f", {option}=good"},
                "vars": {variable: bad},
            },
            {
                "name": "variable of a lookup",
                "ansible.builtin.debug": {"msg": lookup % ""},
                "vars": {variable: "{{ good }}"},
            },
        ],
        secret_vars={"good": good},
        **{env_name(option): bad},
    )
    assert run.returncode == 0, run.output
    assert all(task.requests for task in run.tasks)
    for task in run.tasks[:4]:
        shown = task.result["invocation"]["module_args"][option]
        assert shown == ("VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" if option == "api_key" else good)
        assert task.result["scope"].startswith("tenant Example Tenant (" if option == "tenant" else "all tenants")


def test_an_empty_tuning_option_lets_the_next_source_speak(sim, play):
    """As a blank field of a survey: the variable, and not the default, is the next."""
    task = {"stellarcyber.xdr.stellar_case_info": {"tags": ["a"], "timeout": ""}, "vars": {"stellar_timeout": 7}}
    assert play([task])[0].result["invocation"]["module_args"]["timeout"] == 7


def test_a_relative_path_begins_beside_the_playbook(sim, play, tmp_path):
    (tmp_path / "beside.pem").write_bytes(Path(sim.ca_path).read_bytes())
    module = {"stellarcyber.xdr.stellar_case_info": {"tags": ["a"]}}
    lookup = {"ansible.builtin.debug": {"msg": "{{ query('stellarcyber.xdr.stellar_cases', 'a') }}"}}
    tasks = [module, {**module, "environment": {"ANY": "thing"}}, lookup]
    run = play(tasks, play={"vars": {"stellar_ca_path": "beside.pem"}})
    assert run.returncode == 0, run.output


SECRET_SHOWN = {
    "in another option": {"username": "me:{{ key }}"},
    "in a mistake": {"tags": {"add": "{{ key }},"}},
    "in an unknown option": {"{{ key }}": "x"},
    "in an id": {"case_id": "{{ key }}/"},
}


def test_a_path_that_comes_out_empty_is_no_way_to_the_systems_certificates(sim, play):
    run = play([{"stellarcyber.xdr.stellar_case_info": {"tags": ["a"], "ca_path": "$NOTHING"}}], NOTHING="")
    assert "ca_path, from the task or module_defaults, is empty" in run[0].result["msg"]
    assert run[0].requests == []


@pytest.mark.parametrize(
    "given", ["stellar_tenant: Example Clinic", "stellar_tenant = Example Clinic", "stellar_tenant=Example Clinic"]
)
def test_what_ansible_cannot_read_of_the_command_line_is_refused(sim, play, given):
    """Else the rest of it would be dropped, and with it the tenant, or a part of its name."""
    run = play([{"stellarcyber.xdr.stellar_case_info": {"tags": ["a"]}}], "-e", given)
    assert "The variables given by -e: could not be read as name=value" in run[0].result["msg"]
    assert run[0].requests == []


@pytest.mark.parametrize("place", SECRET_SHOWN)
@pytest.mark.parametrize("way", [{}, {"ANY": "thing"}], ids=["in process", "as a module"])
def test_a_key_is_hidden_in_mistakes_too(sim, play, place, way):
    given = {name.replace("{{ key }}", sim.api_key): value for name, value in SECRET_SHOWN[place].items()}
    options = {"case_id": CASE, "severity": "Low", "api_key": "{{ key }}", **given}
    task = {"stellarcyber.xdr.stellar_case": options, "environment": way, "ignore_errors": True, "register": "done"}
    # run_playbook searches what Ansible prints, and each result.
    run = play([task, {"ansible.builtin.debug": {"var": "done"}}], "-v", secret_vars={"key": sim.api_key})
    assert run[0].kind == "failed"
    assert run[0].requests == []


# -- names that are nearly right --------------------------------------------------------------------------

# variable: the one that is meant, or None for a name of the user's
NAMES = {
    "stellar_tenent": "stellar_tenant",
    "stellar_tennat": "stellar_tenant",
    "stellar_tenat": "stellar_tenant",
    "stellar_tenantt": "stellar_tenant",
    "stellar_tanent": "stellar_tenant",
    "stellar_Tenant": "stellar_tenant",
    "stellar_hots": "stellar_host",
    "stellar_apikey": "stellar_api_key",
    "stellar_validate_cert": "stellar_validate_certs",
    "stellar_user_name": "stellar_username",
    "stellar_time_out": "stellar_timeout",
    "stellar_tenants": None,
    "stellar_hosts": None,
    "stellar_port": None,
    "stellar_tenant_of_day": None,
    "stellar_cases": None,
    "stellar_": None,
    "stellarr_tenant": "stellar_tenant",
    "steller_tenant": "stellar_tenant",
    "STELLAR_TENANT": "stellar_tenant",
    "stellar_tenant_id": None,
    "stelar_tennant": None,
}


def test_misspelt_variables(sim, play):
    tasks = []
    for name in NAMES:
        tasks += [
            {
                "name": f"{name} | {reader}",
                **({"ansible.builtin.debug": {"msg": lookup}} if reader == "lookup" else module),
                "vars": {name: "x"},
                "ignore_errors": True,
            }
            for reader, lookup, module in (
                ("module", "", {"stellarcyber.xdr.stellar_case_info": {"tags": ["a"]}}),
                ("lookup", "{{ query('stellarcyber.xdr.stellar_cases', 'a') }}", {}),
            )
        ]
    run = play(tasks)
    for task in run.tasks:
        name = task.name.partition(" | ")[0]
        if NAMES[name] is None:
            assert task.kind != "failed", task.result
        else:
            wanted = f"The variable {name}: is unknown, and nearly the name of {NAMES[name]}, which is not set."
            assert wanted in str(task.result["msg"]), task.name
            assert task.requests == []


def test_a_name_that_is_nearly_right_beside_the_right_one_is_the_users(sim, play):
    task = {"stellarcyber.xdr.stellar_case_info": {"tags": ["a"]}, "vars": {"stellar_tenent": "x"}}
    given = {**task, "vars": {**task["vars"], "stellar_tenant": "Example Tenant"}}
    own = {**task, "stellarcyber.xdr.stellar_case_info": {"tags": ["a"], "tenant": "Example Tenant"}}
    run = play([given, own])
    assert run.returncode == 0, run.output
    assert [task.result["scope"] for task in run.tasks] == [
        "tenant Example Tenant (6aeb2aae7d8d4ef0820136f42d107db4)"
    ] * 2


# -- options of the modules themselves that limit or protect ----------------------------------------------

LIMITS = {
    "stellar_case": {"if_unmodified_since": None, "case_id": None},
    "stellar_case_info": dict.fromkeys(
        ("status", "severity", "tags", "not_tags", "assignee", "created_after", "modified_before", "limit", "case_id")
    ),
    "stellar_cases": dict.fromkeys(("rules", "max_changes", "time_budget", "on_error", "journal")),
    "stellar_ping": dict.fromkeys(("fail_on", "redact")),
}


@pytest.mark.parametrize("module", LIMITS)
def test_null_is_no_value_of_an_option_that_limits(sim, play, module):
    tasks = [
        {
            "name": option,
            f"stellarcyber.xdr.{module}": {**MODULES[module], option: None},
            "ignore_errors": True,
        }
        for option in LIMITS[module]
    ]
    run = play(tasks)
    for task in run.tasks:
        assert f"{task.name} has no value." in task.result["msg"]
        assert task.requests == []
    assert len(run.tasks) == len(LIMITS[module])


@pytest.mark.parametrize("option", ["status", "tags", "created_after", "limit"])
def test_null_is_no_value_of_a_lookups_filter(play, option):
    arguments = "" if option == "tags" else f", {option}=nothing"
    terms = "nothing" if option == "tags" else "'a'"
    run = play(
        [
            {
                "ansible.builtin.debug": {
                    "msg": "{{ query('stellarcyber.xdr.stellar_cases', " + terms + arguments + ") }}"
                }
            }
        ],
        play={"vars": {"nothing": None}},
    )
    assert run.returncode == 2
    assert run[0].requests == []


def test_insecure_is_said_once_a_run(sim, play):
    """In modules and lookups alike, also in a loop."""
    module = {"stellarcyber.xdr.stellar_case_info": {"tags": ["a"], "validate_certs": False}}
    lookup = "{{ query('stellarcyber.xdr.stellar_cases', 'a', validate_certs=false) }}"
    run = play(
        [
            {**module, "loop": [1, 2, 3]},
            {**module, "environment": {"ANY": "thing"}},
            {"ansible.builtin.debug": {"msg": lookup}},
        ]
    )
    assert run.returncode == 0, run.output
    warning = f"validate_certs is false: the TLS certificate of {sim.host} is not verified"
    assert run.output.count(warning) == 1
