# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes each task's result to a file, with the requests that reached the simulator during the task."""

from __future__ import annotations

import json
import os

from ansible.plugins.callback import CallbackBase

from tests.simulator.process import Simulator

DOCUMENTATION = r"""
name: record
type: notification
short_description: Record results and requests for a test
description: For the tests of this collection only.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._simulator = Simulator(json.loads(os.environ["RECORD_SIMULATOR"]))
        self._last = max((entry["n"] for entry in self._simulator.requests()), default=0)

    def _record(self, kind, result):
        requests = self._simulator.requests(since=self._last)
        self._last = max([self._last, *(entry["n"] for entry in requests)])
        # The callback of a later ansible-core gets another class, with public names.
        task = getattr(result, "task", None) or result._task
        value = result.result if hasattr(result, "result") else result._result
        record = {"kind": kind, "task": task.get_name(), "result": value, "requests": requests}
        with open(os.environ["RECORD_FILE"], "a", encoding="utf-8") as file:
            file.write(json.dumps(record, default=str) + "\n")

    def v2_runner_on_ok(self, result):
        self._record("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._record("failed", result)

    def v2_runner_on_skipped(self, result):
        self._record("skipped", result)
