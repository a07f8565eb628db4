# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vendor's own sample script finds what it expects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests import vendor_script


@vendor_script.needs_page
def test_the_vendors_script(api: Any, tmp_path: Path) -> None:
    assert vendor_script.TAG not in api.case(vendor_script.CASE)["tags"]
    done = vendor_script.run(api.simulator, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("200\n") == 2
    assert api.case(vendor_script.CASE)["tags"] == [vendor_script.TAG]
    # the page then asks for the tag and shows this case
    assert "62fceb4a48be7776c793a02a" in [case["_id"] for case in api.list("tags=October-event&limit=500")]
    newest, *_older = api.data("GET", f"/cases/{vendor_script.CASE}/activities")
    assert (newest["field"], newest["user"]) == ("tags", api.simulator.username)
