# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter case_report: what Ansible gives it, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import UserDict, UserList

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.stellarcyber.xdr.plugins.filter.case_report import FilterModule
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import FORMATS, render
from tests.unit.plugins.plugin_utils._report.reports import MIXED, REPORTS, VALID, finding, report


def test_the_filter_loads_no_http():
    """A report is text: the filter works where the library requests is not installed."""
    show = f"import sys, {FilterModule.__module__}; print([name for name in sys.modules if '._http' in name])"
    assert subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True).stdout == "[]\n"


class Tagged(str):
    """As Ansible's subclasses do, it stays what it is through str(); and it says that it needs no escaping."""

    def __html__(self):
        return self

    __str__ = __html__


class TaggedNumber(int):
    pass


def lazy(value):
    if isinstance(value, dict):
        return UserDict({Tagged(key): lazy(item) for key, item in value.items()})
    if isinstance(value, list):
        return UserList(map(lazy, value))
    if isinstance(value, bool) or value is None:
        return value
    return Tagged(value) if isinstance(value, str) else TaggedNumber(value)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("given", [MIXED, REPORTS["early"], report(findings=[finding(1, name="<b>|")])])
def test_subclasses_of_ansible_make_no_difference(format, given):
    text = render(lazy(given), Tagged(format))
    assert not isinstance(text, Tagged)
    assert text == render(given, format)


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_report_gives_the_same_text_and_stays_as_it_is(format):
    before = json.dumps(MIXED)
    assert render(MIXED, format) == render(json.loads(before), format)
    assert json.dumps(MIXED) == before


@pytest.mark.parametrize("format", FORMATS)
def test_values_of_an_unexpected_type_are_shown(format):
    changes = [
        {"field": "update_alerts", "before": False, "after": True},
        {"field": "score", "before": None, "after": 7},
        {"field": "extra", "before": {"a": 1}, "after": [["b"], None]},
        {},
    ]
    odd = report(
        [{"outcome": "changed", "changes": changes, "rules": None, "error": None}, {"outcome": "failed"}], [{}]
    )
    odd["rules"] = [{"name": "Odd", "matched": None}]
    odd["case_results"][1]["concurrent_changes"] = [{}, {"field": 1, "value": {"a": [None]}, "kept": "no", "by": ["b"]}]
    odd.update(
        counts={"read": "many"},
        title=None,
        policy={"a": 1},
        requests={"read": "none"},
        error=None,
        platform=7,
        fail_on=None,
    )
    expected = {"text": "Cases on 7", "openmetrics": '{platform="7",'}
    assert expected.get(format, "true") in render(odd, format)


@pytest.mark.parametrize(
    ("given", "format", "message"),
    [
        (VALID, "pdf", "format must be one of json, junit, markdown, html, text, csv, openmetrics; got 'pdf'."),
        (VALID, None, "got 'None'."),
        ("text", "html", "the input is not a report: it must be a dict, got str. Give the role's variable"),
        ({}, "html", "report: its key report, the version of its format, must be 1, got none."),
        ({**VALID, "report": 2}, "json", "report: its key report, the version of its format, must be 1, got '2'."),
        ({**VALID, "report": True}, "json", "must be 1, got 'True'."),
        ({**VALID, "mode": "run"}, "html", "report: its key mode must be one of check, apply; got 'run'."),
        ({**VALID, "result": "\x1b[1m"}, "html", "findings, limit, as_planned, error; got '[1m'."),
        ({**VALID, "passed": None}, "html", "report: its key passed must be one of True, False; got none."),
        ({**VALID, "findings": "none"}, "html", "report: its key findings must be a list of dicts."),
        ({**VALID, "case_results": [1]}, "html", "report: its key case_results must be a list of dicts."),
        ({**VALID, "case_results": [{}, {"changes": ["a"]}]}, "html", "report: changes of item 2 of its key"),
        (
            {**VALID, "case_results": [{"concurrent_changes": ["a"]}]},
            "html",
            "report: concurrent_changes of item 1 of its key case_",
        ),
        ({**VALID, "counts": 3}, "html", "report: its key counts must be a dict."),
    ],
)
def test_what_is_no_report_is_refused_with_a_reason(given, format, message):
    case_report = FilterModule().filters()["case_report"]
    with pytest.raises(AnsibleFilterError) as caught:
        case_report(given, format)
    assert "The filter stellarcyber.xdr.case_report failed. Could not render a case report: " in str(caught.value)
    assert message in str(caught.value)


def test_the_filter_renders():
    assert FilterModule().filters()["case_report"](MIXED, "html") == render(MIXED, "html")
