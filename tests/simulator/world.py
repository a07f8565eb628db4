# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All the state of one simulator: store, switches, clock, keys, and what a test asked for."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from . import sample
from .auth import Auth
from .change import assignee, commit, new_tags
from .clock import Clock
from .details import Details
from .faults import Plans
from .late import LateWrites
from .log import RequestLog
from .model import DOCUMENTS, RECORD_DEFAULTS, SEVERITIES, STATUSES, record_from
from .past import Past
from .people import People
from .rate import RateLimit
from .standing import Standing
from .store import Record, Store
from .switches import DEFAULT_PROFILE, Switches


@dataclass
class Initial:
    """What a reset goes back to."""

    cases: int = 60
    seed: list[dict[str, Any]] | None = None
    latency_ms: float = 0


class World:
    def __init__(
        self,
        initial: Initial,
        profile: str = DEFAULT_PROFILE,
        switches: dict[str, Any] | None = None,
        database: str = ":memory:",
        api_key: str = "",
        username: str = "",
    ) -> None:
        self.initial = initial
        self.clock = Clock()
        self.store = Store(database)
        self.switches = Switches(profile, switches)
        self.people = People(self.store, self.switches)
        self.details = Details(self)
        self.auth = Auth(self, username or sample.USERS[0]["email"], api_key)
        self.log = RequestLog()
        self.faults = Plans()
        self.edits = Plans()
        self.rate = RateLimit()
        self.standing = Standing()
        self.late = LateWrites()
        self.past = Past(self)
        self.latency_ms = initial.latency_ms
        self.user_activities: list[dict[str, Any]] = []
        self._last_ticket = 0
        self.switches.on_change = self._follow_switches
        self._follow_switches()
        if initial.seed is not None or self.store.is_empty():
            self.store.clear()
            self._fill(initial)
        else:
            self.people.changed()
            self.store.forget_answers()

    def _follow_switches(self) -> None:
        self.store.forget_answers()
        self.clock.skew = self.switches.clock_offset_s

    def reset(self, initial: Initial) -> None:
        self.late.cancel()
        self.past.clear()
        self.clock.reset()
        self.latency_ms = initial.latency_ms
        self.store.clear()
        self.switches.reset()
        self.auth.forget_tokens()
        self.log.clear()
        self.faults.clear()
        self.edits.clear()
        self.rate = RateLimit()
        self.standing = Standing()
        self.user_activities.clear()
        self._fill(initial)

    def _fill(self, initial: Initial) -> None:
        now_ms = self.clock.now_ms()
        users, tenants = sample.people()
        users[0] |= {"email": self.auth.username, "name": self.auth.username}
        self.people.changed()
        self.people.save_users(users)
        self.people.save_tenants(tenants)
        if initial.seed is not None:
            self.load(initial.seed)
            return
        records = list(sample.cases(initial.cases, now_ms))
        if not self.switches.escalated:
            for record in records:
                record["status"] = "In Progress" if record["status"] == "Escalated" else record["status"]
        self.store.fill(records)
        self.store.put_documents(
            (kind, record["_id"], body) for record in records for kind, body in sample.history(record).items()
        )

    def save(self, record: Record) -> None:
        """Store what a user or a client did to a case; reads that lag don't see it yet."""
        if self.past.is_kept:
            self.past.note("case", record["_id"], self.store.get(record["_id"]))
        self.store.save(record)

    def lists_as_seen(self) -> AbstractContextManager[None]:
        """Let the store show what lists see, which may lag behind the writes, for the length of a `with`."""
        lag_ms = self.switches.list_lag_ms
        unseen = self.past.unseen("case", lag_ms) if lag_ms else {}
        return self.store.as_it_was(unseen) if unseen else nullcontext()

    def delete_case(self, case_id: str) -> None:
        """Delete a case, as the product can (DOC-INSYNC)."""
        self.past.note("case", case_id, self.store.get(case_id))
        self.store.delete(case_id, DOCUMENTS)

    def load(self, cases: list[dict[str, Any]]) -> list[str]:
        """Add cases as they are exported by the collection, with their comments and so on where they have them."""
        records = [self.new_record(case) for case in cases]
        self.people.learn(cases)
        self.store.add(records)
        for record, case in zip(records, cases, strict=True):
            self.put_documents(record["_id"], case)
        return [record["_id"] for record in records]

    def new_record(self, case: dict[str, Any]) -> Record:
        """Make a record with defaults for what the case does not say."""
        record = record_from(case)
        now_ms = self.clock.now_ms()
        record["created_at"] = record["created_at"] or now_ms
        record["modified_at"] = record["modified_at"] or record["created_at"]
        record["_id"] = record["_id"] or sample.object_id(record["created_at"])
        if not record["ticket_id"]:
            self._last_ticket = max(self._last_ticket, self.store.highest_ticket(), sample.SHARED_TICKET) + 1
            record["ticket_id"] = self._last_ticket
        return record

    def put_documents(self, case_id: str, given: dict[str, Any]) -> None:
        for kind in DOCUMENTS:
            if isinstance(given.get(kind), (list, dict) if kind != "summary" else (dict, str)):
                self.details.put(kind, case_id, given[kind])

    def raw(self, record: Record) -> dict[str, Any]:
        """Return a record with what is stored beside it; it can be loaded as a seed."""
        stored = {kind: self.store.document(kind, record["_id"]) for kind in DOCUMENTS}
        return record | {"comments": [], "activities": []} | {k: v for k, v in stored.items() if v is not None}

    def override(self, record: Record, fields: dict[str, Any]) -> Record:
        """Set fields as they are given: no history, no checks but for the names."""
        unknown = sorted(set(fields) - set(RECORD_DEFAULTS) - set(DOCUMENTS))
        if unknown:
            raise ValueError(f"a case has no field {', '.join(unknown)}")
        updated = record | {key: value for key, value in fields.items() if key in RECORD_DEFAULTS}
        self.store.save(updated)
        self.put_documents(updated["_id"], fields)
        return updated

    def check_edit(self, case_id: str, changes: dict[str, Any]) -> tuple[Record, dict[str, Any]]:
        """Return the case of an analyst's edit, and the fields with their new values."""
        record = self.store.get(case_id)
        if record is None:
            raise ValueError(f"no case {case_id}")
        unknown = sorted(set(changes) - set(RECORD_DEFAULTS) - {"comment"})
        if unknown:
            raise ValueError(f"a case has no field {', '.join(unknown)}")
        changes = dict(changes)
        if "assignee" in changes:
            changes["assignee"] = assignee(self, record, changes["assignee"])
        if isinstance(changes.get("tags"), dict):
            added, deleted = changes["tags"].get("add", []), changes["tags"].get("delete", [])
            changes["tags"] = [tag for tag in record["tags"] if tag not in deleted] + added
        if "tags" in changes:
            changes["tags"] = list(dict.fromkeys(new_tags(self.switches, changes["tags"])))
        for key, allowed in (("status", STATUSES), ("severity", SEVERITIES)):
            if key in changes and changes[key] not in allowed:
                raise ValueError(f"invalid {key}: {changes[key]!r}")
        return record, changes

    def analyst_edit(self, case_id: str, changes: dict[str, Any], user: str, delete: bool = False) -> None:
        """Do what a person does in the user interface: any field, plain values, with history; or delete the case."""
        if self.store.get(case_id) is None:
            # Deleted since the edit was asked for
            return
        if delete:
            self.delete_case(case_id)
            return
        record, changes = self.check_edit(case_id, changes)
        comment = changes.pop("comment", None)
        person = self.people.find(user, ["email", "name", "id"])
        user_id = person["user_id"] if person else user
        if changes:
            record = commit(self, record, changes, user_id)
        if comment is not None:
            self.details.comment(record, comment, user_id)

    def note_user_activity(self, user_id: str, method: str, path: str) -> None:
        user = self.people.users.get(user_id, {})
        self.user_activities.append(
            {
                "Timestamps": self.clock.now_ms(),
                "User": user.get("email", user_id),
                "module": "API",
                "Activity": method,
                "Data": path,
            }
        )
