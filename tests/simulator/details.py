# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs to a case beside its record: activities, comments, alerts, observables, scores, summary.

Activities and comments are stored when they happen. The others follow from the record (a case has as many alerts as
its `size` says) until a seed or a change gives them a stored value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import alert_change, derived
from .change import activity
from .sample import object_id
from .store import Record

if TYPE_CHECKING:
    from .world import World

DERIVED = {
    "alerts": derived.alerts,
    "observables": derived.observables,
    "scores": derived.scores,
    "summary": derived.summary,
}


class Details:
    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store

    def get(self, kind: str, record: Record) -> Any:
        stored = self._store.document(kind, record["_id"])
        if stored is not None:
            return stored
        if kind not in DERIVED:
            return []
        made: Any = DERIVED[kind](record)
        if kind == "alerts":
            # kept, so that an alert can be found by its id alone once a client has seen it
            self.put_alerts(record["_id"], made)
        return made

    def seen(self, kind: str, record: Record) -> Any:
        """Return a part as a read sees it, which may lag behind the writes."""
        lag_ms = self._world.switches.parts_lag_ms
        return self._world.past.seen(kind, record["_id"], self.get(kind, record), lag_ms)

    def put(self, kind: str, case_id: str, body: Any) -> None:
        if kind == "alerts":
            self.put_alerts(case_id, body)
        else:
            self._store.put_document(kind, case_id, body)

    def put_alerts(self, case_id: str, alerts: list[dict[str, Any]]) -> None:
        self._store.put_document("alerts", case_id, alerts)
        self._store.own_alerts(case_id, [alert["_id"] for alert in alerts if "_id" in alert])

    def note(self, case_id: str, activities: list[dict[str, Any]]) -> None:
        """Add to the history, newest first, as the vendor's clients expect."""
        if activities:
            history = self._store.document("activities", case_id) or []
            self._world.past.note("activities", case_id, history)
            self._store.put_document("activities", case_id, activities + history)

    def find_alert(self, alert_id: str) -> tuple[Record, list[dict[str, Any]], dict[str, Any]] | None:
        """Return the case, all its alerts, and the one with this id in that list."""
        record = self._store.get(self._store.alert_owner(alert_id) or "")
        if record is None:
            return None
        alerts = self.alerts(record)
        return next(((record, alerts, alert) for alert in alerts if alert.get("_id") == alert_id), None)

    def alerts(self, record: Record) -> list[dict[str, Any]]:
        """List the alerts as they are shown wherever they are: with the name that the tenant has now."""
        alerts: list[dict[str, Any]] = self.get("alerts", record)
        tenant_name = self._world.people.tenant(record["cust_id"]).get("cust_name", "")
        for alert in alerts:
            alert.get("_source", {})["tenant_name"] = tenant_name
        return alerts

    def close_alerts(self, record: Record, user_id: str, moment: int) -> None:
        alerts, user = self.get("alerts", record), self._world.people.email(user_id)
        for alert in alerts:
            alert_change.set_status(alert, "Closed", user, moment)
        self.put_alerts(record["_id"], alerts)

    def comment(self, record: Record, text: str, user_id: str) -> dict[str, Any]:
        moment = self._world.clock.stamp()
        comment = {
            "_id": object_id(moment),
            "case_id": record["_id"],
            "comment": text,
            "created_at": moment,
            "modified_at": moment,
            "user": user_id,
        }
        comments = self.get("comments", record)
        self._world.past.note("comments", record["_id"], comments)
        self._store.put_document("comments", record["_id"], [*comments, comment])
        self.note(record["_id"], [activity(self._world, "add", "comment", "", text, user_id, moment)])
        self.touch(record, user_id, moment)
        return comment

    def touch(self, record: Record, user_id: str, moment: int) -> None:
        """Follow a comment that was added, changed or deleted."""
        if self._world.switches.comment_moves_modified_at:
            self._world.save(record | {"modified_at": moment, "modified_by": user_id})
