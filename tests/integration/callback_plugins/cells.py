# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gives each part of a play a simulator of its own state, and writes down what came of it.

A part begins with a task named "Cell N". CELLS_FILE says what the simulator is like from there, and CELLS_RECORD gets
all results, requests, tokens and the store.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from ansible.plugins.callback import CallbackBase

from tests.simulator.process import Simulator

DOCUMENTATION = r"""
name: cells
type: notification
short_description: Let faults act on parts of a play
description: For the tests of this collection only.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "cells"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        given = json.loads(Path(os.environ["CELLS_FILE"]).read_text(encoding="utf-8"))
        self._simulator, self._seed = Simulator(given["simulator"]), given["seed"]
        self._cells = iter(given["cells"])
        self._results = None

    def v2_playbook_on_task_start(self, task, is_conditional):
        if task.name and task.name.startswith("Cell "):
            self._end()
            self._begin(next(self._cells))

    def v2_playbook_on_stats(self, stats):
        self._end()

    def _begin(self, cell):
        self._results = []
        self._simulator.reset(seed=self._seed)
        self._simulator.switch(**cell["switches"])
        for kind, parameters in cell["faults"]:
            self._simulator.fault(kind, **parameters)

    def _end(self):
        if self._results is None:
            return
        simulator = self._simulator
        simulator.clear_faults()
        record = {
            "results": self._results,
            "requests": simulator.requests(),
            "tokens": simulator.tokens(),
            "store": [simulator.case(record["_id"]) for record in simulator.cases()],
        }
        with open(os.environ["CELLS_RECORD"], "a", encoding="utf-8") as file:
            file.write(json.dumps(record, default=str) + "\n")

    def _record(self, kind, result):
        # The callback of a later ansible-core gets another class, with public names.
        task = getattr(result, "task", None) or result._task
        value = result.result if hasattr(result, "result") else result._result
        if self._results is not None:
            # As others get it later, not as they then make it
            self._results.append(json.loads(json.dumps([kind, task.get_name(), value], default=str)))

    def v2_runner_on_ok(self, result):
        self._record("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._record("failed", result)
