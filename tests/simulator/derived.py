# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alerts, observables, scores and summary of a case, made from its record alone: the same case, the same answer."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

from .people import ORGANISATION
from .store import Record

# (detection, kill chain stage, tactic id, tactic, technique id, technique)
DETECTIONS = (
    ("Phishing URL Visited", "Initial Attempts", "TA0001", "Initial Access", "T1566", "Phishing"),
    ("Ransomware File Activity", "Exfiltration & Impact", "TA0040", "Impact", "T1486", "Data Encrypted for Impact"),
    ("External Brute Forced Login", "Initial Attempts", "TA0006", "Credential Access", "T1110", "Brute Force"),
    ("Impossible Travel Anomaly", "Initial Attempts", "TA0001", "Initial Access", "T1078", "Valid Accounts"),
    ("Internal SMB Read Anomaly", "Exploration", "TA0009", "Collection", "T1039", "Data from Network Shared Drive"),
    ("Lateral Movement over RDP", "Propagation", "TA0008", "Lateral Movement", "T1021", "Remote Services"),
    ("DNS Tunneling", "Persistent Foothold", "TA0011", "Command and Control", "T1071", "Application Layer Protocol"),
    (
        "Uncommon PowerShell Script",
        "Persistent Foothold",
        "TA0002",
        "Execution",
        "T1059",
        "Command and Scripting Interpreter",
    ),
    (
        "Outbound Bytes Anomaly",
        "Exfiltration & Impact",
        "TA0010",
        "Exfiltration",
        "T1048",
        "Exfiltration Over Alternative Protocol",
    ),
    ("Privileged Account Created", "Persistent Foothold", "TA0003", "Persistence", "T1136", "Create Account"),
    ("Internal Port Scan", "Exploration", "TA0007", "Discovery", "T1046", "Network Service Discovery"),
    ("Mail Forwarding Rule Added", "Persistent Foothold", "TA0009", "Collection", "T1114", "Email Collection"),
)
HOSTS = ("fin-ws-014", "hr-ws-003", "file-srv-02", "mail-gw-01", "dev-ws-021", "dc-01", "vpn-gw-02", "ceo-laptop")
USERS = ("j.smith", "a.tanaka", "m.rossi", "k.meyer", "svc-backup", "p.dubois", "l.garcia", "administrator")
FILES = ("invoice_2231.docm", "setup_update.exe", "readme_restore.txt", "report.xlsx")
PROCESSES = ("powershell.exe", "winword.exe", "rundll32.exe", "wscript.exe")
VENDOR_VERSION = "v2.0"


def _chance(record: Record) -> random.Random:
    return random.Random(record["_id"])


def _detections(record: Record) -> list[tuple[str, ...]]:
    """Choose the detection in the case's name first, then up to two others."""
    named = [detection for detection in DETECTIONS if detection[0] in record["name"]]
    others = _chance(record).sample(DETECTIONS, min(2, max(0, record["size"] - 1)))
    return list(dict.fromkeys(named + others)) or [DETECTIONS[0]]


def _entities(record: Record) -> tuple[list[str], list[str]]:
    chance = _chance(record)
    count = 1 + min(record["size"], 4) // 2
    return chance.sample(HOSTS, count), chance.sample(USERS, count)


def alerts(record: Record) -> list[dict[str, Any]]:
    chance = _chance(record)
    detections = _detections(record)
    hosts, users = _entities(record)
    first = record["start_timestamp"] or record["created_at"]
    last = max(first, record["end_timestamp"] or first)
    return [
        _alert(
            record,
            chance,
            detections[number % len(detections)],
            hosts[number % len(hosts)],
            users[number % len(users)],
            first + (last - first) * number // max(1, record["size"]),
        )
        for number in range(record["size"])
    ]


def _alert(
    record: Record, chance: random.Random, detection: tuple[str, ...], host: str, user: str, moment: int
) -> dict[str, Any]:
    name, stage, tactic_id, tactic, technique_id, technique = detection
    day = datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y.%m.%d")
    written = moment + 90_000
    source, target = f"10.20.{chance.randint(0, 9)}.{chance.randint(2, 250)}", f"203.0.113.{chance.randint(2, 250)}"
    return {
        "_index": f"stellar-index-v1-ser-{ORGANISATION}-{record['_id'][:24]}-{day}-000001",
        "_id": f"{written:013d}{chance.getrandbits(140):035x}",
        "_source": {
            "xdr_event": {
                "name": name.lower().replace(" ", "_"),
                "display_name": name,
                "description": f"{name} on {host} by {user}.",
                "scope": "internal",
                "tags": [],
                "tactic": {"id": tactic_id, "name": tactic},
                "technique": {"id": technique_id, "name": technique},
                "ttps": [],
                "xdr_killchain_stage": stage,
                "xdr_killchain_version": VENDOR_VERSION,
                "framework_version": "v13",
            },
            "event_score": round(chance.uniform(10, 100), 1),
            "event_status": "New",
            "severity": chance.randint(10, 100),
            "fidelity": chance.randint(10, 100),
            "timestamp": moment,
            "write_time": written,
            "tenantid": record["cust_id"],
            "org_id": ORGANISATION,
            "srcip": source,
            "dstip": target,
            "host": {"name": host},
            "user": {"name": user},
            "detected_fields": ["srcip", "dstip"],
            "detected_values": [source, target],
            "stellar": {"status": "New", "alert_time": written},
            "comments": [],
            "user_action": {"history": []},
        },
    }


def observables(record: Record) -> dict[str, list[dict[str, Any]]]:
    chance = _chance(record)
    hosts, users = _entities(record)
    found: dict[str, list[dict[str, Any]]] = {
        "host": [{"hostname": host, "ip": f"10.20.1.{chance.randint(2, 250)}"} for host in hosts],
        "user": [{"username": user} for user in users],
    }
    if record["size"] > 2:
        # one host with two addresses, as real answers have it
        found["host"].append({"hostname": hosts[0], "ip": f"10.20.2.{chance.randint(2, 250)}"})
        found["file"] = [{"file_name": chance.choice(FILES)}]
        found["process"] = [{"process_name": chance.choice(PROCESSES)}]
    return found


def scores(record: Record) -> list[dict[str, Any]]:
    """List the scores, oldest first. The key of the score itself is not known; this one is a choice.

    None is later than the case's last change, nor than its last alert: an update of ours is no new score.
    """
    detections = _detections(record)
    last = min(record["modified_at"], max(record["created_at"], record["end_timestamp"]))
    first = min(record["created_at"], last)
    count = len(detections)
    return [
        {
            "timestamp": first + (last - first) * number // count,
            "score": round(record["score"] * number / count, 1),
            "reasons": [{"reason": f"New alert: {detection[0]}"}],
        }
        for number, detection in enumerate(detections, 1)
    ]


def summary(record: Record) -> dict[str, list[str]]:
    detections = _detections(record)
    hosts, users = _entities(record)
    return {
        "stages": list(dict.fromkeys(detection[1] for detection in detections)),
        "tactics": list(dict.fromkeys(detection[3] for detection in detections)),
        "techniques": list(dict.fromkeys(detection[5] for detection in detections)),
        "users": users,
        "hosts": hosts,
    }


def formatted(parts: dict[str, Any] | str) -> str:
    """Word a summary as a real answer of the older release does (recorded by a vendor-supported integration)."""
    if isinstance(parts, str):
        return parts
    words = {
        "stages": "Observed {} XDR Kill Chain Stages: ",
        "tactics": "Observed {} tactics: ",
        "techniques": "Observed {} techniques: ",
        "users": "Involved {} users: ",
        "hosts": "Involved {} hosts: ",
    }
    labels = {key: _labels(found) for key, found in parts.items() if key in words}
    return "\n".join(words[key].format(len(found)) + ", ".join(found) for key, found in labels.items())


def _labels(found: Any) -> list[str]:
    """Name what a summary lists: texts, objects with a `name`, or labels with values (NINE, XLAB)."""
    if not isinstance(found, (list, dict)):
        return [str(found)]
    return [str(item.get("name", item) if isinstance(item, dict) else item) for item in found]


def ai_summary(record: Record) -> dict[str, Any]:
    """Make the assistant's report, which comes some time after the case: not for every case, nor for new ones."""
    if _chance(record).random() < 0.4 or record["status"] == "New":
        return {"triage_state": "ELIGIBLE"}
    text = formatted(summary(record)).splitlines()
    return {
        "triage_state": "COMPLETED",
        "ai_case_triage": {
            "verdict": record["resolution"] or "True Positive",
            "verdict_reasoning": text[0],
            "summary": {
                "concise_summary": record["name"],
                "timeline": text[1],
                "hypothesis": text[2],
                "key_entities_and_relations": text[-1],
                "recommendations": "Isolate the hosts named above.",
            },
        },
    }
