# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of runs, as the role writes them, for the tests of each format."""

from __future__ import annotations

OWNED = "Critical cases have an owner"
SPELT = "Tags are spelt as agreed"
STALE = "Nothing stays New for a week"


def case(number, **more):
    return {
        "case_id": f"{number:024x}",
        "ticket_id": 60000 + number,
        "name": f"Name of {number}",
        "tenant": f"Tenant {number % 20}",
        "status": ["New", "In Progress", "Escalated"][number % 3],
        "severity": ["Low", "Medium", "High", "Critical"][number % 4],
        **more,
    }


def changed(number, *, rules=(OWNED,), **more):
    changes = [
        {"field": "assignee", "before": "", "after": f"new-owner-{number}@example.com"},
        {"field": "tags", "before": ["kept", f"gone-{number}"], "after": ["kept", f"added-{number}"]},
    ]
    return case(number, outcome="changed", changes=changes, rules=list(rules), **more)


def edit(field, value, by="ohtani@example.com", *, kept=False):
    return {"field": field, "value": value, "kept": kept, "by": by}


def failed(number, **more):
    error = {"type": "ApiError", "status": 503}
    return case(
        number, outcome="failed", changes=[], rules=[OWNED], reason=f"HTTP 503 for {number}.", error=error, **more
    )


def skipped(number, **more):
    changes = [{"field": "status", "before": "New", "after": f"Planned {number}"}]
    return case(number, outcome="skipped", changes=changes, rules=[OWNED], reason=f"Touched {number} since.", **more)


def finding(number, rule=STALE, **more):
    return case(number, rule=rule, assignee="", created_at=1660742474343, modified_at=1660835991789, **more)


def report(results=(), findings=(), **more):
    results, findings = list(results), list(findings)
    outcomes = [row["outcome"] for row in results]
    return {
        "report": 1,
        "platform": "myserver.example.com",
        "scope": "all tenants",
        "collection": "stellarcyber.xdr 0.1.0",
        "title": "Case hygiene",
        "mode": "check",
        "policy": "policy.yml",
        "started_at": "2026-11-24T05:54:00Z",
        "finished_at": "2026-11-24T05:55:07.5Z",
        "result": "drift" if "changed" in outcomes else "findings" if findings else "compliant",
        "fail_on": "drift",
        "passed": "changed" not in outcomes,
        "reason": "",
        "error": "",
        "journal": "",
        "changed": "changed" in outcomes,
        "case_results": results,
        "findings": findings,
        "rules": [
            {"name": OWNED, "description": "Within 30 minutes.", "matched": 2, "changed": 1, "finding": False},
            {"name": SPELT, "description": "", "matched": 0, "changed": 0, "finding": False},
            {"name": STALE, "description": "People decide.", "matched": 3, "changed": 0, "finding": True},
        ],
        "counts": {
            "read": 60,
            "findings": len(findings),
            **{outcome: outcomes.count(outcome) for outcome in ("changed", "ok", "failed", "skipped")},
        },
        "undo": [],
        "requests": {"read": 2, "write": 0, "recheck": 0, "retry": 0},
        **more,
    }


MIXED = report([changed(1), changed(2, rules=[OWNED, SPELT]), failed(3), skipped(4)], [finding(5), finding(6)])
EDITED = [
    changed(1, concurrent_changes=[edit("assignee", "ohtani"), edit("tags", ["one", "two"], None, kept=True)]),
    # Somebody took it from its owner.
    failed(2, concurrent_changes=[edit("assignee", "", kept=True)]),
    changed(3, concurrent_changes=None),
    changed(4, concurrent_changes=[]),
]
FAILED = {"mode": "apply", "result": "error", "passed": False}
# 0, 3 and 3,000 findings; and what a run leaves that failed before it read anything
REPORTS = {
    "compliant": report(),
    "mixed": MIXED,
    "applied": {**MIXED, "mode": "apply", "requests": {"write": 3}, "undo": [{"case_id": "1"}, {"case_id": "2"}]},
    "edited": report(EDITED, mode="apply", requests={"write": 4}),
    "flapping": report(
        [changed(1)],
        flapping=[
            {"rule": OWNED, "case_id": "1", "ticket_id": 60001, "field": "assignee", "by": "insync@example.com"},
            {"rule": OWNED, "case_id": "2", "ticket_id": None, "field": "status", "by": None},
        ],
    ),
    "merged": report(
        [changed(1)],
        [finding(2)],
        runs=[
            {
                "run": "example-clinic",
                "scope": "tenant Clinic",
                "result": "drift",
                "passed": False,
                "reason": "1",
            },
            {"run": "example-harbour", "scope": "tenant Harbour", "result": "findings", "passed": True, "reason": ""},
        ],
    ),
    "by plan": report(
        [changed(1), skipped(2)],
        title="Ours",
        mode="apply",
        policy="",
        result="changed",
        requests={"read": 4, "write": 1},
        plan={
            "file": "plan.json",
            "applied": True,
            "title": "Ours",
            "tenant": "",
            "created_at": "2026-11-23T20:00:00Z",
            "valid_until": "2026-11-24T20:00:00Z",
            "sha256": "0c1d" * 16,
        },
    ),
    "three": report(findings=map(finding, range(3))),
    "large": report(map(changed, range(1000)), map(finding, range(1000, 4000))),
    "cases": report([changed(1, rules=[])], rules=[]),
    "early": {"report": 1, "mode": "check", "result": "error", "passed": False, "error": "No connection."},
    "wrong key": {**report(rules=[], counts={}, requests={}), **FAILED, "error": "The key is wrong. Give another."},
    "limit": {
        **report(
            [skipped(1), *({**skipped(n), "reason": "Planned, not applied: the limit."} for n in (2, 3))], [finding(9)]
        ),
        **FAILED,
        "mode": "check",
        "result": "limit",
        "reason": "2 changes planned, max_changes is 1.",
    },
    "refused": {
        **report(map(skipped, range(3)), [finding(9)]),
        **FAILED,
        "error": "3 cases failed.",
    },
}

ACME = "tenant Acme (6aeb2aae7d8d4ef0820136f42d107db4)"
VALID = {"report": 1, "mode": "check", "result": "compliant", "passed": True}
