# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Other clients and older platforms: the vendor's sample script, and each generation of the API."""

from __future__ import annotations

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE as CASE_OPTIONS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE_INFO
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case, run_case_info
from tests import vendor_script
from tests.integration.playbook import CASE, parameters
from tests.simulator.process import start

pytestmark = pytest.mark.slow


@vendor_script.needs_page
def test_after_the_vendors_script_the_same_tag_is_no_change(sim, play, tmp_path):
    done = vendor_script.run(sim, tmp_path)
    assert done.returncode == 0, done.stderr
    assert sim.case(vendor_script.CASE)["tags"] == [vendor_script.TAG]

    change = {"case_id": vendor_script.CASE, "tags": {"add": [vendor_script.TAG]}}
    run = play([{"stellarcyber.xdr.stellar_case": change}])
    assert run[0].result["changed"] is False
    assert run[0].calls == ["POST access_token", "GET cases/ID"]


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
