# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: stellar_cases
short_description: Find cases of a Stellar Cyber platform by tag and other fields
version_added: 0.1.0
description:
  - Finds cases from the controller. All pages are read.
  - Call it by C(query), or by C(lookup) with C(wantlist=true); a plain C(lookup) joins the results with commas.
author:
  - The stellarcyber.xdr contributors (!UNKNOWN)
extends_documentation_fragment:
  - stellarcyber.xdr._connection
  - stellarcyber.xdr._connection.plugin
  - stellarcyber.xdr._query
  - stellarcyber.xdr._match
options:
  _terms:
    description: Tags. A case with at least one of them matches. Without terms, only the filters apply, or O(match).
    type: list
    elements: str
  result:
    description: What to return. The cases, their ids, or their number.
    type: str
    choices: [cases, ids, count]
    default: cases
seealso:
  - module: stellarcyber.xdr.stellar_case
  - module: stellarcyber.xdr.stellar_case_info
"""

EXAMPLES = r"""
- name: List the cases of an event
  ansible.builtin.debug:
    msg: "{{ item.ticket_id }} {{ item.status }} {{ item.name }}"
  loop: "{{ query('stellarcyber.xdr.stellar_cases', 'October-event') }}"
  loop_control:
    label: "{{ item.ticket_id }}"

- name: Take over the new critical cases of two tags, but none that is marked as noise
  stellarcyber.xdr.stellar_case:
    case_id: "{{ item }}"
    status: In Progress
    assignee: night-shift@example.com
  loop: >-
    {{ query('stellarcyber.xdr.stellar_cases', 'phishing', 'ransomware', status=['New'], severity=['Critical'],
             not_tags=['noise'], created_after='7d', result='ids') }}

- name: List the cases that a rule with these conditions would match
  ansible.builtin.debug:
    msg: "{{ query('stellarcyber.xdr.stellar_cases', match=conditions, result='ids') }}"
  vars:
    conditions:
      tags: {all: [phishing, reported], none: [noise]}
      not_status: [Resolved, Cancelled]
      older_than: 2d

- name: Fail the pipeline if high cases stayed new for a day
  ansible.builtin.assert:
    that: >-
      query('stellarcyber.xdr.stellar_cases', status=['New'], severity=['Critical', 'High'], created_before='1d',
            result='count') | first == 0
"""

RETURN = r"""
_raw:
  description:
    - With O(result=cases), the cases as the platform returns them, see
      RV(stellarcyber.xdr.stellar_case_info#module:cases).
    - With O(result=ids), their ids. With O(result=count), one number.
  type: list
  elements: raw
"""

import contextlib
from typing import Any

from ansible.errors import AnsibleError, AnsibleOptionsError
from ansible.plugins.lookup import LookupBase

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import LOOKUP, LOOKUP_LIMITS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import StellarError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_lookup
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.module import warnings_of, with_source
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._connection import Call, arguments_of, validated

NAME = "lookup stellarcyber.xdr.stellar_cases"
CALL = Call(f"the {NAME}", LOOKUP, LOOKUP_LIMITS, "the lookup")


class LookupModule(LookupBase):
    def run(self, terms: Any, variables: Any = None, **kwargs: Any) -> list[Any]:
        # query(..., 'a', 'b') and query(..., ['a', 'b']) mean the same.
        tags = self._flatten(terms)
        if terms and not tags:
            raise AnsibleOptionsError(
                f"The {NAME} got an empty list of tags, which no case matches. "
                "Give no term at all to find cases whatever their tags."
            )
        if "tags" in kwargs:
            raise AnsibleOptionsError(f"The {NAME} has no option tags. Tags are its terms.")
        if tags and "match" in kwargs:
            raise AnsibleOptionsError(f"The {NAME} got tags as terms, and match. Give the tags in match.tags.")
        given = {**kwargs, "tags": tags} if tags else kwargs
        sources: dict[str, str] = {}
        try:
            arguments, sources = arguments_of(CALL, given, variables or {}, self._templar.template)
            params, from_environment = validated(CALL, arguments)
            sources.update(from_environment)
            # Relative paths start where they do for a module.
            with contextlib.chdir(self._loader.get_basedir()):
                result = run_lookup(params)
        except StellarError as error:
            raise AnsibleError(f"The {NAME} failed. {with_source(error, sources)}") from None
        except AnsibleError as error:
            raise AnsibleError(f"The {NAME} failed. {error}") from None
        for warning in warnings_of(result, params):
            self._display.warning(warning)
        found: list[Any] = result["found"]
        return found
