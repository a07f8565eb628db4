# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the role case_hygiene: one that is given must have a value, and a known name.

An empty variable must not mean the default: no limit of changes, or the starter policy. They are evaluated here and
not in the options of a task, so that the reports show an evaluation error too.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Callable, Mapping

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.parsing.dataloader import DataLoader
from ansible.utils.vars import load_extra_vars

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError, printable
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.plain import as_whole, plain
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import DEFAULT_FILES, FILES, VERSION

PREFIX = "case_hygiene_"
# The report that the role returns
REPORT = PREFIX + "report"
# Variables that the role sets for itself
PRIVATE_PREFIX = PREFIX + "_"


@dataclass(frozen=True)
class Variable:
    """The valid values of a variable. remedy: what to give, and the default."""

    type: type
    remedy: str
    choices: tuple[str, ...] = ()
    default: Any = None
    # "" has a meaning of its own: no title, no reports, no journal.
    may_be_empty: bool = False
    # An option of stellar_cases, which checks the value itself
    is_option: bool = False


# Names without the prefix. meta/argument_specs.yml of the role describes them.
VARIABLES = {
    "policy_file": Variable(str, "give the path of a policy, or leave it out for the starter policy."),
    "rules": Variable(list, "give a list of rules, or leave it out for the policy file."),
    "title": Variable(str, "give a title, or leave it out for the title of the policy.", default="", may_be_empty=True),
    "fail_on": Variable(
        str,
        "give drift, findings or none, or leave it out for drift.",
        choices=("drift", "findings", "none"),
        default="drift",
    ),
    "report_dir": Variable(str, "give a folder, or leave it out for no reports.", default="", may_be_empty=True),
    "report_formats": Variable(
        list,
        "give a list of json, junit, markdown, html, csv and openmetrics, or leave it out for the first four.",
        choices=tuple(FILES),
        default=tuple(DEFAULT_FILES),
    ),
    "history": Variable(str, "give the path of a file for the history of runs, or leave it out for none."),
    "history_keep": Variable(int, "give the number of runs to keep, or leave it out for 400.", default=400),
    "case_url": Variable(str, "give the pattern of a case's address, or leave it out for no links."),
    "journal": Variable(
        str, "give the path of a new file, or leave it out for a journal beside the reports.", may_be_empty=True
    ),
    "plan_file": Variable(str, "give the path of a file for the plan, or leave it out for none."),
    "apply_plan": Variable(str, "give the path of a plan, or leave it out to apply the policy."),
    "plan_guard": Variable(
        str,
        "give fields or modified_at, or leave it out for fields.",
        choices=("fields", "modified_at"),
        default="fields",
        is_option=True,
    ),
    "plan_max_age": Variable(str, "give a time such as 24h, or leave it out for 24h.", is_option=True),
    "use_starter_policy": Variable(bool, "give true or false, or leave it out for false.", default=False),
    "max_changes": Variable(
        str,
        "give a number (50) or a percentage (10%), or leave it out for 25 or 10%.",
        default="25 or 10%",
        is_option=True,
    ),
    "concurrency": Variable(int, "give a number from 1 to 32, or leave it out for 8.", default=8, is_option=True),
    "on_error": Variable(
        str,
        "give continue or stop, or leave it out for continue.",
        choices=("continue", "stop"),
        default="continue",
        is_option=True,
    ),
    "time_budget": Variable(float, "give a number of seconds, or leave it out for no limit.", is_option=True),
    "recheck_after": Variable(float, "give a number of seconds, or leave it out for 5.", default=5, is_option=True),
    "progress_interval": Variable(
        float, "give a number of seconds, 0 for none, or leave it out for 10.", default=10, is_option=True
    ),
}
# Given by -e without the prefix, they would have no effect: the starter policy would run instead, or without a limit.
WITHOUT_PREFIX = {**{name: name for name in VARIABLES}, "policy": "policy_file", "plan": "apply_plan"}


class Variables:
    """The role's variables as a task sees them. template: evaluates a value."""

    def __init__(self, task_vars: Mapping[str, Any], template: Callable[[Any], Any]) -> None:
        self._task_vars = task_vars
        self._template = template
        self._values: dict[str, Any] = {}

    def is_given(self, name: str) -> bool:
        return PREFIX + name in self._task_vars

    def value(self, name: str) -> Any:
        """Return a variable's value, or its default. Raises InputError for one that can't be used."""
        if not self.is_given(name):
            return VARIABLES[name].default
        if name not in self._values:
            self._values[name] = self._checked(name, self._evaluated(PREFIX + name))
        return self._values[name]

    def options(self) -> dict[str, Any]:
        """Return those that are options of stellar_cases, as far as they are given. Raises InputError."""
        return {
            name: self.value(name)
            for name, variable in VARIABLES.items()
            if variable.is_option and (self.is_given(name) or variable.default is not None)
        }

    def check(self) -> None:
        """Raise InputError for the first variable that is unknown or can't be used."""
        unknown = [name for name in self._task_vars if is_unknown(name)]
        if unknown:
            raise InputError(f"The variable {printable(sorted(unknown)[0], 60)}", "is unknown.", _nearest(unknown))
        for name in VARIABLES:
            self.value(name)

    def _evaluated(self, variable: str) -> Any:
        # In a template, default() and "is defined" treat a variable with an undefined one in it as absent.
        remedy = "Define what it refers to, or leave the variable out."
        try:
            value = self._template(self._task_vars[variable])
        except AnsibleError as error:
            raise InputError(f"{variable} can't be evaluated", printable(error).rstrip(".") + ".", remedy) from None
        # From ansible-core 2.19 on Ansible raises an error for it.
        if isinstance(value, str) and value == self._task_vars.get("omit"):
            raise InputError(f"{variable} can't be evaluated", "its value is Ansible's omit.", remedy)
        return value

    def _checked(self, name: str, value: Any) -> Any:
        variable, full_name = VARIABLES[name], PREFIX + name
        value = given = plain(value)
        if variable.type is list and name != "rules" and isinstance(value, str):
            # With -e, a list is one text.
            value = [item.strip() for item in value.split(",") if item.strip()]
        if _has_no_value(value, variable) or (name != "rules" and value == []):
            raise InputError(f"{full_name} has no value", variable.remedy)
        if variable.type is bool:
            try:
                # With -e, it is a text.
                value = boolean(value)
            except TypeError:
                raise InputError(
                    f"{full_name} must be true or false, got {printable(value, 50)!r}", variable.remedy
                ) from None
        if variable.type is int and not variable.is_option:
            # With -e, it is a text.
            value = as_whole(value)
            if value is None or value < 1:
                raise InputError(
                    f"{full_name} must be a whole number from 1 on, got {printable(given, 50)!r}", variable.remedy
                )
        kind = "a list" if variable.type is list else "a string"
        if not variable.is_option and not isinstance(value, variable.type):
            raise InputError(f"{full_name} must be {kind}, got {printable(value, 50)!r}", variable.remedy)
        items = value if isinstance(value, list) else [value]
        wrong = [item for item in items if variable.choices and item not in variable.choices]
        if wrong:
            allowed = ", ".join(variable.choices)
            raise InputError(f"{full_name} must be one of {allowed}, got {printable(wrong[0], 50)!r}", variable.remedy)
        return list(dict.fromkeys(value)) if name == "report_formats" else value


def _has_no_value(value: Any, variable: Variable) -> bool:
    if isinstance(value, str):
        return not value.strip() and not (value == "" and variable.may_be_empty)
    return value is None


def is_unknown(name: Any) -> bool:
    """Return whether a name has the role's prefix and is unknown."""
    return (
        isinstance(name, str)
        and name.startswith(PREFIX)
        and not name.startswith(PRIVATE_PREFIX)
        and name != REPORT
        and name[len(PREFIX) :] not in VARIABLES
    )


def _nearest(unknown: list[str]) -> str:
    name = sorted(unknown)[0]
    nearest = get_close_matches(name[len(PREFIX) :], VARIABLES, 1)
    advice = f"Did you mean {PREFIX}{nearest[0]}?" if nearest else "docs/policy.md lists the variables."
    others = f" {len(unknown) - 1} more of this prefix are unknown." if len(unknown) > 1 else ""
    return f"Names that begin with {PREFIX} belong to the role. {advice}{others}"


def reject_results(task_vars: Mapping[str, Any], own_vars: Mapping[str, Any]) -> None:
    """Raise InputError for a variable that would hide a result of the role.

    own_vars: the variables of the task and of what includes it. Only these and those of -e hide a registered result.
    """
    sources = (
        ("was given by -e, or as an artefact of an earlier job", load_extra_vars(DataLoader())),
        ("was given by the vars of include_role, import_role or the role", own_vars),
    )
    for source, given in sources:
        for name in given:
            if isinstance(name, str) and (name == REPORT or name.startswith(PRIVATE_PREFIX)):
                what = f"The variable {printable(name, 60)}"
                raise InputError(what, f"{source}, and would hide the result.", _REMEDY)
    # An earlier run of the role in the same play leaves a report, which this run's replaces.
    value = task_vars.get(REPORT)
    if value is not None and not (isinstance(value, Mapping) and value.get("report") == VERSION):
        raise InputError(f"The variable {REPORT}", "is the role's result, and can't be given.", _REMEDY)


_REMEDY = f"Remove it. To choose the folder of the reports, set {PREFIX}report_dir."
