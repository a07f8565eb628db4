# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample data: fictitious people, tenants and cases that look like a security operations centre's."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from .derived import DETECTIONS, HOSTS
from .model import CLOSED_STATUSES, RESOLUTIONS, record_from
from .people import new_tenant, new_user
from .store import Record

DAY_MS = 24 * 3600 * 1000
SPAN_DAYS = 60

API_USER_ID = "9887e386323148ea8c68d4cf0bc1cdf6"
OHTANI_ID = "826ef6979788454297c85cbba4a51c08"
SCOPED_USER_ID = "3d7c1f8e5a9b4c06b2e4f19d80a7c653"
EXAMPLE_TENANT_ID = "6aeb2aae7d8d4ef0820136f42d107db4"
CLINIC_ID = "b2f0c7de54c1498d9a7e3f6d1c20e885"
HARBOUR_ID = "e91d4a06c7b34b7f8f25d60b3a9c1d47"
SHARED_TICKET = 70001
VENDOR_CASE_IDS = ("62fceb4a48be7776c793a02a", "1674728869334287aba4486901d24c4189a6fe8eab6efe05")

USERS = (
    new_user("myuser@stellarcyber.ai", "myuser@stellarcyber.ai", API_USER_ID, "Super Admin"),
    new_user("ohtani@example.com", "ohtani", OHTANI_ID),
    new_user("soc-lead@example.com", "soc-lead@example.com", "0b54e8a2c1f94d7a9e63d27f58b1c0a4"),
    new_user("night-shift@example.com", "night-shift@example.com", "7fa3916be0d84c25a1c7e2904b6d8f13"),
    new_user("day-shift@example.com", "day-shift", "c6e80f2d19b7453e8d0a5b7c94f1e236"),
    new_user("auditor@example.com", "auditor", "58d1b7f3a2c64e90b7f8063e1d9a4c72", "Read Only"),
    new_user("scoped@example.com", "scoped@example.com", SCOPED_USER_ID),
)
ANALYSTS = tuple(user["user_id"] for user in USERS[1:5])
TENANTS = (
    new_tenant("Example Tenant", EXAMPLE_TENANT_ID, "", 1640995200),
    new_tenant("Example Clinic", CLINIC_ID, "Example Health Group", 1672531200),
    new_tenant("Example Harbour", HARBOUR_ID, "", 1704067200),
)
TENANT_IDS = (EXAMPLE_TENANT_ID,) * 5 + (CLINIC_ID,) * 3 + (HARBOUR_ID,) * 2

# The last three are misspelt, as people misspell them.
TAGS = (
    "October-event",
    "phishing",
    "ransomware",
    "vip",
    "auto-assigned",
    "reviewed",
    "needs info",
    "phising",
    "Ransomeware",
    "VIP ",
)
COMMENTS = (
    "Checked with the user, waiting for an answer.",
    "Host isolated.",
    "Known scanner, see the change calendar.",
    "Password was reset.",
    "<p>Escalated to the <b>network</b> team.</p>",
)


def people() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    return [dict(user) for user in USERS], [dict(tenant) for tenant in TENANTS]


def cases(count: int, now_ms: int) -> Iterator[Record]:
    """`count` cases, the fixed ones first. All but the times is the same at each start."""
    fixed = [*vendor_cases(), *shared_ticket_cases(now_ms)]
    yield from fixed[:count]
    generated = max(0, count - len(fixed))
    chance = random.Random(20)
    created = now_ms
    for number in reversed(range(generated)):
        # Denser towards now. Now and then one correlation run makes two cases in the same millisecond.
        if number % 10 != 7:
            created = now_ms - int(SPAN_DAYS * DAY_MS * ((number + 0.5) / generated) ** 2)
        yield _generated(chance, SHARED_TICKET + generated - number, created, now_ms)


def object_id(created: int, chance: random.Random | None = None) -> str:
    """Make an object id, which begins with its time of creation in seconds."""
    return f"{created // 1000:08x}{(chance or random.SystemRandom()).getrandbits(64):016x}"


def _generated(chance: random.Random, ticket: int, created: int, now_ms: int) -> Record:
    age = now_ms - created
    size = min(137, 1 + int(chance.expovariate(1 / 9)) + (100 if chance.random() < 0.05 else 0))
    score = round(chance.betavariate(2, 2) * 100, chance.choice((0, 1, 1)))
    status = _status(chance, age)
    touched = created if status == "New" else created + int(age * chance.random() * 0.9)
    analyst = chance.choice(ANALYSTS)
    detection = chance.choice(DETECTIONS)[0]
    return record_from(
        {
            "_id": object_id(created, chance),
            "acknowledged": 0 if status == "New" else created + (touched - created) // 2,
            "assignee": analyst if status != "New" or chance.random() < 0.2 else "",
            "closed": touched if status in CLOSED_STATUSES else 0,
            "created_at": created,
            "cust_id": "" if chance.random() < 0.03 else chance.choice(TENANT_IDS),
            "description": "" if chance.random() < 0.7 else f"Looked at by the first line: {detection}.",
            "end_timestamp": created - 60_000,
            "modified_at": touched,
            "modified_by": "System" if status == "New" else chance.choice((analyst, API_USER_ID)),
            "name": _name(chance, detection, size),
            "resolution": chance.choice(RESOLUTIONS) if status == "Resolved" else "",
            "score": int(score) if score == int(score) else score,
            "severity": _severity(score),
            "size": size,
            "start_timestamp": created - 60_000 - size * 90_000,
            "status": status,
            "tags": chance.sample(TAGS, chance.choice((0, 0, 1, 1, 2, 3))),
            "ticket_id": ticket,
            "version": size,
        }
    )


def _status(chance: random.Random, age: int) -> str:
    days = age / DAY_MS
    weights = (8, 3, 1, 1, 0) if days < 2 else (3, 4, 1, 3, 1) if days < 14 else (1, 1, 1, 9, 3)
    return chance.choices(("New", "In Progress", "Escalated", "Resolved", "Cancelled"), weights)[0]


def _severity(score: float) -> str:
    return "Critical" if score >= 75 else "High" if score >= 50 else "Medium" if score >= 25 else "Low"


def _name(chance: random.Random, detection: str, size: int) -> str:
    place = chance.choice(HOSTS)
    return f"{detection} on {place}" + (f" and {size - 1} others" if size > 1 else "")


def vendor_cases() -> list[Record]:
    """Make the two cases of the vendor's page on updating a case (vendor docs 5.0): the one that its answer shows, and
    the one that its script tags, which is not tagged yet."""
    shown = {
        "_id": VENDOR_CASE_IDS[0],
        "acknowledged": 1660826741467,
        "assignee": OHTANI_ID,
        "closed": 0,
        "created_at": 1660742474343,
        "created_by": "System",
        "cust_id": EXAMPLE_TENANT_ID,
        "end_timestamp": 1660745235000,
        "modified_at": 1660835991789,
        "modified_by": "ohtani",
        "name": "Carbon Black:XDR Endpoint Indicator of Threat and 16 others",
        "score": 25,
        "severity": "Medium",
        "size": 17,
        "start_timestamp": 1660740613000,
        "status": "New",
        "tags": ["October-event"],
        "ticket_id": 67535,
        "version": 17,
    }
    tagged_by_script = shown | {
        "_id": VENDOR_CASE_IDS[1],
        "acknowledged": 0,
        "assignee": "",
        "created_at": 1674728869334,
        "end_timestamp": 1674728801000,
        "modified_at": 1674728869334,
        "modified_by": "System",
        "name": "Internal Port Scan on dev-ws-021 and 2 others",
        "score": 61.5,
        "severity": "High",
        "size": 3,
        "start_timestamp": 1674726913000,
        "tags": [],
        "ticket_id": 68213,
        "version": 3,
    }
    return [record_from(shown), record_from(tagged_by_script)]


def shared_ticket_cases(now_ms: int) -> list[Record]:
    """Make two cases of two tenants with one ticket number, which is a tenant's own."""
    created = now_ms - 12 * DAY_MS
    common = {
        "created_at": created,
        "modified_at": created,
        "start_timestamp": created - 600_000,
        "end_timestamp": created - 60_000,
        "ticket_id": SHARED_TICKET,
        "severity": "High",
        "score": 55,
    }
    chance = random.Random(SHARED_TICKET)
    return [
        record_from(
            common
            | {"_id": object_id(created, chance), "cust_id": cust_id, "name": name, "size": size, "version": size}
        )
        for cust_id, name, size in (
            (EXAMPLE_TENANT_ID, "DNS Tunneling on vpn-gw-02", 1),
            (CLINIC_ID, "Mail Forwarding Rule Added on mail-gw-01 and 71 others", 72),
        )
    ]


def history(record: Record) -> dict[str, list[dict[str, Any]]]:
    """Comments and activities that a generated case comes with."""
    chance = random.Random(record["ticket_id"])
    found: dict[str, list[dict[str, Any]]] = {}
    when, user = record["modified_at"], record["modified_by"]
    emails = {person["user_id"]: person["email"] for person in USERS}
    names = {person["user_id"]: person["name"] for person in USERS}
    by = emails.get(user, user)

    def update(field: str, before: str, after: str) -> dict[str, Any]:
        return {"timestamp": when, "action": "update", "field": field, "from": before, "to": after, "user": by}

    if record["status"] != "New":
        found["activities"] = [update("status", "New", record["status"])]
        if record["assignee"] in names:
            found["activities"].append(update("assignee", "Unassigned", names[record["assignee"]]))
        if chance.random() < 0.3:
            text = chance.choice(COMMENTS)
            found["comments"] = [
                {
                    "_id": object_id(when, chance),
                    "case_id": record["_id"],
                    "comment": text,
                    "created_at": when,
                    "modified_at": when,
                    "user": user,
                }
            ]
            comment = {**update("comment", "", text), "action": "add"}
            found["activities"] = [comment, *found["activities"]]
    return found
