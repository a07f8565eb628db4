# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables of the role: an empty one never means what an absent one means."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.variables import (
    MAY_BE_EMPTY,
    REMEDIES,
    check_variables,
)
from tests.tools.policy_schema import ROOT

SPECS = yaml.safe_load((ROOT / "roles/case_hygiene/meta/argument_specs.yml").read_text(encoding="utf-8"))
OPTIONS = SPECS["argument_specs"]["main"]["options"]
RULES = [{"name": "A", "match": {}}]


def refusal(name: str, value: Any) -> str:
    with pytest.raises(InputError) as caught:
        check_variables({name: value})
    return str(caught.value)


def test_each_variable_has_a_remedy_that_is_true() -> None:
    assert set(REMEDIES) == set(OPTIONS)
    for name, option in OPTIONS.items():
        for choice in option.get("choices", ()):
            assert choice in REMEDIES[name]
        if option.get("default") and not isinstance(option["default"], list) and option["type"] != "path":
            default = str(option["default"])
            assert "starter policy" in REMEDIES[name] or f"leave it out for {default}." in REMEDIES[name]


@pytest.mark.parametrize("name", REMEDIES)
@pytest.mark.parametrize("value", [None, " ", "\t\n"])
def test_no_value_is_refused(name: str, value: Any) -> None:
    assert refusal(name, value) == f"{name} has no value: {REMEDIES[name]}"


@pytest.mark.parametrize("name", REMEDIES)
def test_an_empty_text_is_refused_unless_it_is_documented(name: str) -> None:
    documented = 'V("")' in str(OPTIONS[name]["description"]) or OPTIONS[name].get("default") == ""
    assert documented == (name in MAY_BE_EMPTY)
    if documented:
        check_variables({name: ""})
    else:
        assert refusal(name, "") == f"{name} has no value: {REMEDIES[name]}"


def test_rules_are_a_list() -> None:
    assert refusal("case_hygiene_rules", "a=b") == (
        "case_hygiene_rules must be a list, got 'a=b': give a list of rules, or leave it out for the policy file."
    )
    assert "must be a list" in refusal("case_hygiene_rules", {"name": "A"})
    check_variables({"case_hygiene_rules": RULES})


def test_no_formats_are_no_value() -> None:
    assert refusal("case_hygiene_report_formats", []).startswith("case_hygiene_report_formats has no value: ")
    check_variables({"case_hygiene_report_formats": "json,html"})


def test_zero_is_a_value() -> None:
    check_variables({"case_hygiene_max_changes": 0, "case_hygiene_reread_after": 0.0})


def test_what_is_not_given_is_no_matter() -> None:
    check_variables({})
