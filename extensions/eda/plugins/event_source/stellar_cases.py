# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source stellar_cases for ansible-rulebook. It has asyncio only: the rest is in _run/event_source.py."""

from __future__ import annotations

DOCUMENTATION = r"""
name: stellar_cases
short_description: New and changed cases of a Stellar Cyber platform, for Event-Driven Ansible
version_added: 0.1.0
description:
  - Asks the platform for new and changed cases in each interval, and gives an event of each to C(ansible-rulebook).
  - The platform shows the state of cases, and no list of changes. So two changes of a case within one interval are one
    event with the last state. Each last state is delivered at least once. A repeated event has the same C(meta.uuid).
  - A wrong option, a key that the platform refuses, and a platform that is not there end the source at the start. After
    that it waits for a platform that is unavailable, and goes on where it was.
  - The page C(docs/events.md) of the collection has the rest, such as what comes again after a restart.
author:
  - The stellarcyber.xdr contributors (!UNKNOWN)
extends_documentation_fragment:
  - stellarcyber.xdr._connection
  - stellarcyber.xdr._query
options:
  tags:
    description: Cases with at least one of these tags.
    type: list
    elements: str
  interval:
    description: Seconds from the start of a poll to the start of the next one. From V(1) to V(86400).
    type: float
    default: 30.0
  since:
    description:
      - Which changes are delivered when the source starts without a state. V(now) delivers those after the latest
        change that the platform shows.
      - An age (V(30m), V(12h), V(7d), V(2w)), a time in ISO 8601 or epoch milliseconds delivers those since then.
      - V(all) delivers each case. It requires O(max_backlog).
      - With a O(state_file) that exists, the source goes on from there, and this option has no effect.
    type: str
    default: now
  overlap:
    description:
      - Seconds by which a change may be listed late. Each poll asks for so much again, and leaves out what it has seen.
        From V(2) to V(86400).
    type: float
    default: 60.0
  state_file:
    description:
      - A file that keeps what was delivered, so that a source that was stopped or killed goes on there. It is written
        at most once a second. Its folder must exist.
      - It belongs to one source of one platform, O(tenant) and set of filters. Another one is refused.
    type: path
  changes:
    description: Which kinds of changes are delivered. A case is V(created) if it is new since the last poll.
    type: list
    elements: str
    choices: [created, updated]
    default: [created, updated]
  ignore_own_changes:
    description:
      - Whether to leave out changes that the user of this key made, such as those of a playbook that an event started.
      - The history of the case is read for it. If another user changed the case since it was last seen, too, or if the
        history can't be read or does not show the last change yet, the event is delivered.
    type: bool
    default: false
  fields:
    description:
      - The fields of a case in an event. Leave out those with personal data that the rules do not need, since
        C(ansible-rulebook) prints and stores events.
    type: list
    elements: str
    choices: [case_id, ticket_id, name, status, severity, score, size, tags, resolution, assignee, assignee_name,
              tenant, tenant_name, inventory_name, created_at, modified_at, modified_by, modified_by_name]
    default: [case_id, ticket_id, name, status, severity, score, size, tags, resolution, assignee, assignee_name,
              tenant, tenant_name, inventory_name, created_at, modified_at, modified_by, modified_by_name]
  max_backlog:
    description:
      - The maximum number of cases to deliver at the start. With more of them the source ends at once with an error.
        V(0) is no limit.
    type: int
    default: 0
  unsupported:
    description:
      - What to do if the platform can't list cases by the time of their change, as it ignores the filter or the sort.
      - V(fail) ends the source at the start. V(scan) reads all cases in each interval.
    type: str
    choices: [fail, scan]
    default: fail
  feedback:
    description:
      - Whether to wait until the engine acknowledges an event, before the next one is delivered.
      - It requires C(ansible-rulebook) with persistence.
    type: bool
    default: false
  feedback_timeout:
    description: Seconds to wait for an acknowledgement. Then the event is offered again. From V(1) to V(86400).
    type: float
    default: 120.0
notes:
  - A connection option comes from the rulebook, else from the environment. The source reads no Ansible variable, and
    C(module_defaults) have no effect on it.
  - Of the filters of the lookup there are no C(modified_after), C(modified_before), C(sort), C(order) and C(limit), as
    the source has its own; no C(created_before), since a case that grows old is no change; and no C(not_modified_by),
    which would hide the changes of others that came before.
"""

EXAMPLES = r"""
- name: New critical cases
  hosts: localhost
  sources:
    - name: stellar_cases
      stellarcyber.xdr.stellar_cases:
        # STELLAR_HOST, STELLAR_API_KEY and so on are set
        severity: [Critical]
        state_file: /var/lib/rulebooks/stellar_cases.json
        ignore_own_changes: true
  rules:
    - name: Triage a new case
      condition: event.change.kind == "created" and event.stellar_case.status == "New"
      action:
        run_playbook:
          name: stellarcyber.xdr.event_triage
          extra_vars:
            event_case_id: "{{ [event.stellar_case.case_id] }}"
"""

RETURN = r"""
stellar_case:
  description:
    - The fields of the case. C(case_id) is its C(_id), C(tenant) its C(cust_id), and C(inventory_name) the name of the
      tenant's host in the inventory P(stellarcyber.xdr.stellar_tenants#inventory), if no other tenant has that name.
    - In each text, a space breaks C({{), C({%) and C({#), and control characters are spaces. C(ansible-rulebook) hands
      events to playbooks as variables that Ansible evaluates.
  type: dict
change:
  description:
    - C(kind) is V(created) or V(updated). C(fields) are the fields that differ, of those that the source compares
      (status, severity, assignee, tags, name, resolution, score, size), and null if it did not see the case before.
    - C(own) says whether the user of the key made the change. It is null without O(ignore_own_changes), and if it can't
      be told.
  type: dict
meta:
  description: C(uuid) is the same for the same state of the case in each run of the source.
  type: dict
"""

import asyncio
import copy
import importlib
import importlib.machinery
import importlib.util
import logging
import sys
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path
from typing import Any

LOG = logging.getLogger(__name__)

# Without feedback, an event is known to be with the engine when it took the second one after it: its queue has one
# place, and it takes the next one when it is done with the one before.
_BEHIND = 2
# With feedback, an event that is not acknowledged is offered so often. If the engine took that many, it is done with
# the first.
_OFFERS = _BEHIND + 1
_PACKAGE = "ansible_collections"


def _import_source() -> Any:
    """Return the module of the source in this copy of the collection.

    The folder of the collection is never on sys.path: `plugins` of two collections would be one package.
    """
    root = next((folder for folder in Path(__file__).absolute().parents if folder.name == _PACKAGE), None)
    if root is not None:
        package = sys.modules.get(_PACKAGE)
        if package is None:
            try:
                package = importlib.import_module(_PACKAGE)
            except ImportError:
                spec = importlib.machinery.PathFinder.find_spec(_PACKAGE, [str(root.parent)])
                if spec is None:
                    raise ImportError(f"The collection can't be imported from {root}. Install it again.") from None
                package = sys.modules[_PACKAGE] = importlib.util.module_from_spec(spec)
        others = [path for path in package.__path__ if path != str(root)]
        package.__path__ = [str(root), *others]
        importlib.invalidate_caches()
    return importlib.import_module(f"{_PACKAGE}.stellarcyber.xdr.plugins.module_utils._run.event_source")


_source = _import_source()


async def main(queue: Any, args: dict[str, Any]) -> None:
    """Put events into a queue until this is cancelled. args: the options of the source, as the rulebook has them."""
    options = dict(args)
    feedback = options.pop("eda_feedback_queue", None)
    source = _source.EventSource(options)
    if source.params["feedback"] and feedback is None:
        source.close()
        raise ValueError(
            "feedback: the engine gives no queue for it. Run ansible-rulebook with persistence, or leave feedback out."
        )
    loop = asyncio.get_running_loop()
    handed_over: asyncio.Queue[tuple[Any, Future[None]]] = asyncio.Queue()

    def hand_over(steps: Any) -> None:
        """Wait in the thread until the loop takes steps. Raises StoppedError when it does not any more."""
        taken: Future[None] = Future()
        try:
            loop.call_soon_threadsafe(handed_over.put_nowait, (steps, taken))
        except RuntimeError:  # the loop is closed
            raise _source.StoppedError from None
        while True:
            try:
                return taken.result(1)
            except FutureTimeoutError:
                if source.is_closed:
                    raise _source.StoppedError from None

    thread = threading.Thread(target=source.run, args=(hand_over,), daemon=True, name="stellar_cases")
    thread.start()
    reader = None
    try:
        if source.params["feedback"]:
            delivery: Any = _Acknowledged(queue, source)
            reader = asyncio.ensure_future(delivery.read(feedback))
        else:
            delivery = _Taken(queue, source)
        while True:
            steps, taken = await handed_over.get()
            taken.set_result(None)
            if isinstance(steps, Exception):
                raise steps
            for step in steps:
                await delivery.deliver(step)
    finally:
        if reader is not None:
            reader.cancel()
        source.close()


class _Taken:
    """Delivers without feedback."""

    def __init__(self, queue: Any, source: Any) -> None:
        self._queue, self._source = queue, source

    async def deliver(self, step: Any) -> None:
        if step.event is not None:
            await self._queue.put(step.event)
        self._source.delivered(step, _BEHIND)


class _Acknowledged:
    """Delivers one event after the other, each when the engine has acknowledged the one before."""

    def __init__(self, queue: Any, source: Any) -> None:
        self._queue, self._source = queue, source
        self._timeout = source.params["feedback_timeout"]
        self._waiting_for: tuple[str, asyncio.Future[None]] | None = None
        self._is_late = False

    async def read(self, feedback: Any) -> None:
        """Read all feedback: the engine waits until it is read. What is strange or late is ignored."""
        while True:
            found = await feedback.get()
            meta = found.get("meta") if isinstance(found, dict) else None
            name = meta.get("uuid") if isinstance(meta, dict) else None
            if self._waiting_for is not None and name == self._waiting_for[0] and not self._waiting_for[1].done():
                self._waiting_for[1].set_result(None)

    async def deliver(self, step: Any) -> None:
        if step.event is not None:
            await self._offer(step.event)
        self._source.delivered(step, 0)
        if step.event is not None:
            # Before the next event, so that after a kill no event comes again that the engine has acknowledged.
            await asyncio.get_running_loop().run_in_executor(None, self._source.note)

    async def _offer(self, event: dict[str, Any]) -> None:
        acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting_for = event["meta"]["uuid"], acknowledged
        for _number in range(_OFFERS):
            # A copy, since filters of the rulebook may change it.
            put = asyncio.ensure_future(self._queue.put(copy.deepcopy(event)))
            try:
                await asyncio.wait({put, acknowledged}, return_when=asyncio.FIRST_COMPLETED)
                if put.done():
                    put.result()
            finally:
                put.cancel()
            await asyncio.wait({acknowledged}, timeout=self._timeout)
            if acknowledged.done():
                if self._is_late:
                    LOG.warning("The engine acknowledges events in time again.")
                self._is_late = False
                return
            if not self._is_late:
                LOG.warning(
                    "No feedback for event %s in %g s (feedback_timeout). It is offered again.",
                    event["meta"]["uuid"],
                    self._timeout,
                )
            self._is_late = True
        LOG.warning("Event %s has no feedback after %d offers. The next event follows.", event["meta"]["uuid"], _OFFERS)
