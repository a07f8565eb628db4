# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Other clients and older platforms: the vendor's sample script, and the API of 4.3."""

from __future__ import annotations

import json

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE as CASE_OPTIONS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE_INFO
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import ApiError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case, run_case_info
from tests import vendor_script
from tests.integration.playbook import CASE, calls, parameters
from tests.simulator.process import start


@vendor_script.needs_page
def test_after_the_vendors_script_the_same_tag_is_no_change(sim, play, tmp_path):
    done = vendor_script.run(sim, tmp_path)
    assert done.returncode == 0, done.stderr
    assert sim.case(vendor_script.CASE)["tags"] == [vendor_script.TAG]

    change = {"case_id": vendor_script.CASE, "tags": {"add": [vendor_script.TAG]}}
    run = play([{"stellarcyber.xdr.stellar_case": change}])
    assert run[0].result["changed"] is False
    assert run[0].calls == ["POST access_token", "GET cases/ID"]


@pytest.fixture(scope="module")
def old():
    with start("--profile", "4.3") as running:
        yield running


@pytest.fixture
def old_platform(old):
    old.reset()
    return old


def test_an_update_on_4_3(old_platform):
    given = {"case_id": CASE, "severity": "High", "status": "Resolved", "tags": {"add": ["x"]}, "api_version": "4.3"}
    params = parameters(CASE_OPTIONS, old_platform, **given)
    check = run_case(params, True, lambda secret: None)
    assert old_platform.writes() == []
    real = run_case(params, False, lambda secret: None)
    again = run_case(params, False, lambda secret: None)
    assert (check["changed"], real["changed"], again["changed"]) == (True, True, False)
    assert check["diff"] == real["diff"]
    assert check["case"]["priority"] == real["case"]["priority"] == "High"
    (write,) = old_platform.writes()
    assert (write["method"], write["path"], write["query"]) == ("POST", "/connect/api/v1/cases", [["id", CASE]])
    assert json.loads(write["body"]) == {"status": "Resolved", "priority": "High", "tags": {"add": ["x"]}}


def test_an_answer_of_4_3_that_is_lost_is_asked_for_again(old_platform):
    old_platform.fault("drop_after", method="POST", path="/cases")
    params = parameters(CASE_OPTIONS, old_platform, case_id=CASE, severity="High", api_version="4.3")
    result = run_case(params, False, lambda secret: None)
    assert result["changed"] is True
    assert calls(old_platform.writes()) == ["POST cases"] * 2


def test_4_3_is_not_guessed(old_platform):
    params = parameters(CASE_OPTIONS, old_platform, case_id=CASE, severity="High")
    with pytest.raises(ApiError, match="api_version"):
        run_case(params, False, lambda secret: None)


def test_a_query_by_severity_on_4_3(old_platform):
    expected = {case["_id"] for case in old_platform.cases() if case["severity"] == "High"}
    old_platform.clear_requests()
    params = parameters(CASE_INFO, old_platform, severity=["High"], api_version="4.3")
    result = run_case_info(params, False, lambda secret: None)
    assert {case["_id"] for case in result["cases"]} == expected
    assert ["priority", "High"] in old_platform.requests()[-1]["query"]


@pytest.mark.parametrize("profile", ["5.0", "5.2", "7.0"])
def test_every_other_generation(profile, tmp_path):
    with start("--profile", profile) as platform:
        params = parameters(CASE_OPTIONS, platform, case_id=CASE, severity="High", tags={"set": ["a"]})
        assert run_case(params, False, lambda secret: None)["changed"] is True
        assert run_case(params, False, lambda secret: None)["changed"] is False
        params = parameters(CASE_INFO, platform, ticket_id=[67535], include=["alerts", "scores", "comments"])
        result = run_case_info(params, False, lambda secret: None)
        assert [case["_id"] for case in result["cases"]] == [CASE]
        assert result["include_errors"] == []
