# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of the role case_hygiene: one that is given has a value.

An empty one must not mean what an absent one means: no limit of changes, or the starter policy.
"""

from __future__ import annotations

from typing import Any, Callable, Iterable, Mapping

from ansible.errors import AnsibleError

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError, printable

# What to do about one without a value
REMEDIES = {
    "case_hygiene_policy_file": "give the path of a policy, or leave it out for the starter policy.",
    "case_hygiene_rules": "give a list of rules, or leave it out for the policy file.",
    "case_hygiene_title": "give a title, or leave it out for the title of the policy.",
    "case_hygiene_fail_on": "give drift, findings or none, or leave it out for drift.",
    "case_hygiene_report_dir": "give a folder, or leave it out for no reports.",
    "case_hygiene_report_formats": "give a list of json, junit, markdown and html, or leave it out for all four.",
    "case_hygiene_journal": "give the path of a new file, or leave it out for a journal beside the reports.",
    "case_hygiene_max_changes": "give a number (50) or a percentage (10%), or leave it out for no limit.",
    "case_hygiene_concurrency": "give a number from 1 to 32, or leave it out for 8.",
    "case_hygiene_on_error": "give continue or stop, or leave it out for continue.",
    "case_hygiene_time_budget": "give a number of seconds, or leave it out for no limit.",
    "case_hygiene_reread_after": "give a number of seconds, or leave it out for 5.",
}
# "" is documented for these: no title of their own, no reports, no journal.
MAY_BE_EMPTY = ("case_hygiene_title", "case_hygiene_report_dir", "case_hygiene_journal")


def evaluated(names: Iterable[str], task_vars: Mapping[str, Any], template: Callable[[Any], Any]) -> dict[str, Any]:
    """Return the values of the variables that are given. Raise InputError for one that can't be evaluated.

    In a template, default() and "is defined" take one with an undefined variable in it for one that is not given.
    """
    values = {}
    for name in names:
        if name in task_vars:
            remedy = "Define what it refers to, or leave the variable out."
            try:
                values[name] = template(task_vars[name])
            except AnsibleError as error:
                raise InputError(f"{name} can't be evaluated", printable(error), remedy) from None
            # From ansible-core 2.19 on it is an error of Ansible's.
            if isinstance(values[name], str) and values[name] == task_vars.get("omit"):
                raise InputError(f"{name} can't be evaluated", "It is Ansible's omit.", remedy)
    return values


PREFIX = "case_hygiene_"
# Which of them limit a run and have no default: given without the prefix, they would be left out.
WITHOUT_DEFAULT = ("rules", "max_changes", "time_budget", "journal")


def check_variables(given: Mapping[str, Any]) -> None:
    """Raise InputError for the first of these variables that has no value."""
    for name, value in given.items():
        if _has_no_value(name, value):
            raise InputError(f"{name} has no value", REMEDIES[name])
        if name == "case_hygiene_rules" and not isinstance(value, (list, tuple)):
            raise InputError(f"{name} must be a list, got {printable(value, 50)!r}", REMEDIES[name])


def _has_no_value(name: str, value: Any) -> bool:
    if isinstance(value, str):
        return not value.strip() and not (value == "" and name in MAY_BE_EMPTY)
    # An empty list of rules is refused by the module, in its own words.
    return value is None or (name == "case_hygiene_report_formats" and not value)
