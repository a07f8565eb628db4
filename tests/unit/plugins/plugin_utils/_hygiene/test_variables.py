# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables of the role: an empty one never means what an absent one means."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleError

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.variables import (
    VARIABLES,
    Variables,
    is_unknown,
    reject_results,
)
from tests.tools.policy_schema import ROOT

SPECS = yaml.safe_load((ROOT / "roles/case_hygiene/meta/argument_specs.yml").read_text(encoding="utf-8"))
OPTIONS = SPECS["argument_specs"]["main"]["options"]
RULES = [{"name": "A", "match": {}}]


def variables(**given: Any) -> Variables:
    return Variables({f"case_hygiene_{name}": value for name, value in given.items()}, lambda value: value)


def refusal(name: str, value: Any) -> str:
    with pytest.raises(InputError) as caught:
        variables(**{name: value}).check()
    return str(caught.value)


def test_the_table_is_what_the_role_documents() -> None:
    assert {f"case_hygiene_{name}" for name in VARIABLES} == set(OPTIONS)
    for name, variable in VARIABLES.items():
        documented = OPTIONS[f"case_hygiene_{name}"]
        assert list(variable.choices) == documented.get("choices", [])
        assert documented["type"] == variable.type.__name__
        assert all(choice in variable.remedy for choice in variable.choices)
        if name != "policy_file":  # the path of the starter policy, which the role knows
            default = list(variable.default) if isinstance(variable.default, tuple) else variable.default
            assert default == documented.get("default")
        if default := documented.get("default"):
            shown = (
                "the first four"
                if isinstance(default, list)
                else "the starter policy"
                if "/" in str(default)
                else default
            )
            assert f"leave it out for {shown}." in variable.remedy


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("value", [None, " ", "\t\n"])
def test_no_value_is_refused(name: str, value: Any) -> None:
    assert refusal(name, value) == f"case_hygiene_{name} has no value: {VARIABLES[name].remedy}"


@pytest.mark.parametrize("name", VARIABLES)
def test_an_empty_text_is_refused_unless_it_is_documented(name: str) -> None:
    option = OPTIONS[f"case_hygiene_{name}"]
    documented = 'V("")' in str(option["description"]) or option.get("default") == ""
    assert documented == VARIABLES[name].may_be_empty
    if documented:
        variables(**{name: ""}).check()
    else:
        assert refusal(name, "") == f"case_hygiene_{name} has no value: {VARIABLES[name].remedy}"


REFUSED = [
    ("rules", "a=b", "case_hygiene_rules must be a list, got 'a=b': give a list of rules, or leave it out for"),
    ("rules", {"name": "A"}, "case_hygiene_rules must be a list, got "),
    ("report_formats", [], "case_hygiene_report_formats has no value: "),
    ("report_formats", " , ", "case_hygiene_report_formats has no value: "),
    (
        "report_formats",
        "json,pdf",
        "case_hygiene_report_formats must be one of json, junit, markdown, html, csv, openmetrics, got 'pdf': ",
    ),
    ("history_keep", 0, "case_hygiene_history_keep must be a whole number from 1 on, got '0': give the number of runs"),
    ("history_keep", "many", "case_hygiene_history_keep must be a whole number from 1 on, got 'many': "),
    ("history_keep", True, "case_hygiene_history_keep must be a whole number from 1 on, got 'True': "),
    ("history", ["a"], "case_hygiene_history must be a string, got "),
    ("report_formats", ["json", 5], "case_hygiene_report_formats must be one of "),
    ("report_formats", {"json": True}, "case_hygiene_report_formats must be a list, got "),
    ("report_dir", ["a"], "case_hygiene_report_dir must be a string, got "),
    ("policy_file", ["a"], "case_hygiene_policy_file must be a string, got "),
    ("title", 5, "case_hygiene_title must be a string, got '5': give a title"),
    ("fail_on", "drfit", "case_hygiene_fail_on must be one of drift, findings, none, got 'drfit': give drift, "),
    ("on_error", "go", "case_hygiene_on_error must be one of continue, stop, got 'go': "),
    (
        "max_chagnes",
        5,
        "The variable case_hygiene_max_chagnes: is unknown. Names that begin with case_hygiene_ belong "
        "to the role. Did you mean case_hygiene_max_changes?",
    ),
    (
        "xyz",
        5,
        "The variable case_hygiene_xyz: is unknown. Names that begin with case_hygiene_ belong to the role. "
        "docs/policy.md lists the variables.",
    ),
]


@pytest.mark.parametrize(("name", "value", "message"), REFUSED)
def test_what_is_refused(name: str, value: Any, message: str) -> None:
    assert refusal(name, value).startswith(message)


def test_several_unknown_names_are_one_short_message() -> None:
    with pytest.raises(InputError) as caught:
        variables(zz=1, aa=2, bb=3).check()
    assert str(caught.value).endswith("docs/policy.md lists the variables. 2 more of this prefix are unknown.")


ACCEPTED = [
    ("report_formats", "json, html", ["json", "html"]),
    ("report_formats", ["json", "json"], ["json"]),
    ("rules", RULES, RULES),
    ("rules", [], []),  # the module refuses it, in its own words
    ("max_changes", 0, 0),
    ("recheck_after", 0.0, 0.0),
    ("progress_interval", 0.0, 0.0),
    ("title", "", ""),
]


@pytest.mark.parametrize(("name", "value", "wanted"), ACCEPTED)
def test_what_is_a_value(name: str, value: Any, wanted: Any) -> None:
    given = variables(**{name: value})
    given.check()
    assert given.value(name) == wanted


def test_what_is_not_given_has_its_default() -> None:
    nothing = variables()
    nothing.check()
    assert nothing.value("fail_on") == "drift"
    assert nothing.options() == {
        "concurrency": 8,
        "on_error": "continue",
        "recheck_after": 5,
        "progress_interval": 10,
        "plan_guard": "fields",
        "max_changes": "25 or 10%",
    }


def test_a_value_that_cannot_be_evaluated_is_not_taken_for_an_absent_one() -> None:
    def template(value: Any) -> Any:
        raise AnsibleError("'nowhere' is undefined")

    with pytest.raises(InputError, match=r"'nowhere' is undefined\. Define what"):
        Variables({"case_hygiene_rules": "{{ nowhere }}"}, template).check()
    given = Variables({"case_hygiene_rules": "{{ omit }}", "omit": "OMITTED"}, lambda value: "OMITTED")
    with pytest.raises(InputError, match="its value is Ansible's omit"):
        given.check()


@pytest.mark.parametrize(
    ("name", "unknown"),
    [
        ("case_hygiene_rules", False),
        ("case_hygiene_report", False),
        ("case_hygiene__run", False),
        ("case_hygiene_rule", True),
        ("case_hygiene", False),
        (5, False),
    ],
)
def test_which_names_are_the_roles(name: Any, unknown: bool) -> None:
    assert is_unknown(name) is unknown


@pytest.mark.parametrize(
    ("value", "refused"), [(None, False), ({"report": 1}, False), ("reports", True), ({}, True), ({"report": 2}, True)]
)
def test_a_report_that_is_none_is_refused(value: Any, refused: bool) -> None:
    if refused:
        with pytest.raises(InputError, match="To choose the folder of the reports, set case_hygiene_report_dir"):
            reject_results({"case_hygiene_report": value}, {})
    else:
        reject_results({"case_hygiene_report": value}, {})
