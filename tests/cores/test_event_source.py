# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source of the built artefact, as ansible-rulebook loads it, with every ansible-core."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from tests import canaries
from tests.cores.cores import Core
from tests.simulator.process import Simulator

SOURCE = "ansible_collections/stellarcyber/xdr/extensions/eda/plugins/event_source/stellar_cases.py"
# The folder of collections is not on sys.path, and a package `plugins` of another collection is.
ENGINE = """
import asyncio, json, runpy, sys
async def run():
    queue = asyncio.Queue(1)
    source = asyncio.create_task(runpy.run_path(sys.argv[1])["main"](queue, json.loads(sys.argv[2])))
    getting = asyncio.create_task(queue.get())
    await asyncio.wait({source, getting}, return_when=asyncio.FIRST_COMPLETED)
    if source.done():
        source.result()
    print(json.dumps(getting.result()))
    source.cancel()
    assert "plugins" not in sys.modules
asyncio.run(run())
"""


def test_the_source_of_the_artefact_gives_events(
    core: Core, collections: Path, simulator: Simulator, tmp_path: Path
) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins/__init__.py").write_text("raise ImportError('of another collection')\n")

    def run(**options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [core.bin / "python", "-c", ENGINE, collections / SOURCE, json.dumps(options)],
            cwd=tmp_path,
            env={**core.env, **simulator.env(), "PYTHONPATH": os.fspath(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    given = run(since="2001-01-01", tags=["October-event"])
    assert given.returncode == 0, given.stderr
    assert json.loads(given.stdout)["stellar_case"]["ticket_id"] == 67535
    wrong = run(intervall=5)
    assert "intervall is unknown. Did you mean interval?" in wrong.stderr
    for done in (given, wrong):
        canaries.assert_none(canaries.of(simulator), done.stdout, done.stderr, where="output of the event source")
    schemas = (collections / SOURCE).parent / "schemas/stellar_cases.json"
    assert "ignore_own_changes" in json.loads(schemas.read_text(encoding="utf-8"))["properties"]
