# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vendor's own sample script, as it is on the vendor's page but for its three constants."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulator.process import ROOT, Simulator

# A copy of the page, where somebody keeps one beside the repository.
PAGE = next(ROOT.parent.glob("*/api/vendor-case-update.txt"), Path("missing"))
CASE = "1674728869334287aba4486901d24c4189a6fe8eab6efe05"
TAG = "October-event"

needs_page = pytest.mark.skipif(not PAGE.exists(), reason="the vendor's page is not part of this repository")


def run(simulator: Simulator, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run the script: it adds TAG to CASE."""
    # A copy from a web page has no-break spaces, which are no Python.
    page = PAGE.read_text(encoding="utf-8").replace("\u00a0", " ")
    text = page[page.index("#!/usr/bin/python3") : page.index("Using the API to Verify the Update")]
    constants = {"HOST": simulator.host, "userid": simulator.username, "refresh_token": simulator.api_key}
    for name, value in constants.items():
        text, count = re.subn(rf'^{name} *= *".*"$', f"{name} = {json.dumps(value)}", text, flags=re.MULTILINE)
        assert count == 1
    script = directory / "vendor.py"
    script.write_text(text, encoding="utf-8")
    return subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=False)
