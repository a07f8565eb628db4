# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each playbook of playbooks/examples: in check mode, for real, and again; and with texts that an attacker chose."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import hostile_text
from tests.integration.hygiene import Analyst, Played
from tests.integration.playbook import ROOT, calls
from tests.simulator.process import Simulator
from tests.simulator.sample import CLINIC_ID, EXAMPLE_TENANT_ID, HARBOUR_ID

FOLDER = ROOT / "playbooks/examples"
HOUR_MS = 3_600_000

PHISHING, BRUTE_FORCE, MARKED, OPEN, CLOSED = (f"6745e{number:019d}" for number in range(1, 6))


def seed() -> list[dict[str, Any]]:
    """Cases of which each example finds some, and leaves others alone."""
    created = int(time.time() * 1000) - 2 * HOUR_MS
    shared = {"created_at": created, "modified_at": created, "size": 1, "tags": [], "assignee": ""}
    cases = [
        (PHISHING, "Phishing mail was reported", "New", "High", EXAMPLE_TENANT_ID, {}),
        (BRUTE_FORCE, "Brute-force login", "New", "Critical", CLINIC_ID, {}),
        (MARKED, "Port scan", "In Progress", "Low", HARBOUR_ID, {"tags": ["vip", "close-as-false-positive"]}),
        (OPEN, "Ransomware", "In Progress", "Critical", CLINIC_ID, {"assignee": "ohtani", "score": 90}),
        (CLOSED, "Phishing mail was clicked", "Resolved", "Critical", CLINIC_ID, {"resolution": "Benign"}),
    ]
    return [
        {**shared, "_id": id_, "ticket_id": 1000 + n, "name": name, "status": status, "severity": severity}
        | {"cust_id": tenant, **more}
        for n, (id_, name, status, severity, tenant, more) in enumerate(cases, 1)
    ]


@dataclass
class Example:
    """variables: given by -e; URL in them is that of the other system. writes: of a run; changed: the same by Ansible.

    state: the fields that cases have after it.
    """

    writes: dict[str, int]
    changed: int
    state: dict[str, dict[str, Any]]
    variables: dict[str, Any] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()


PUT, COMMENT = "PUT cases/ID", "POST cases/ID/comments"
RULES = [{"name": "Critical cases are tagged", "match": {"severity": ["Critical"]}, "set": {"tags": {"add": ["seen"]}}}]
SEEN = {id_: {"tags": ["seen"]} for id_ in (BRUTE_FORCE, OPEN, CLOSED)}
TICKETS = [
    {"ticket": "INC0000001", "state": "Assigned", "case": 1001},
    {"ticket": "INC0000002", "state": "Closed", "case": 1002},
    {"ticket": "INC0000004", "state": "Assigned", "case": 1004},
]
EXAMPLES = {
    "tag_on_triage": Example(
        {PUT: 2}, 1, {PHISHING: {"tags": ["phishing"]}, BRUTE_FORCE: {"tags": ["credential-attack"]}}
    ),
    "close_false_positive": Example(
        {PUT: 1, COMMENT: 1},
        1,
        {MARKED: {"status": "Resolved", "resolution": "False Positive", "tags": ["vip", "close-as-false-positive"]}},
    ),
    "night_shift_handover": Example({COMMENT: 1}, 1, {}, {"handover_shift": "2026-11-28-night"}),
    "escalate_unowned_criticals": Example(
        {PUT: 1, COMMENT: 1},
        1,
        {BRUTE_FORCE: {"status": "Escalated", "tags": ["unowned"]}},
        {"escalate_to": "soc-lead@example.com"},
    ),
    "mirror_ticket_state": Example(
        {PUT: 1, COMMENT: 1}, 1, {PHISHING: {"status": "In Progress"}}, {"mirror_url": "URL"}
    ),
    "notify_webhook": Example(
        {PUT: 3}, 1, SEEN, {"notify_url": "URL", "notify_preview": False, "case_hygiene_rules": RULES}
    ),
    "policy_for_many_tenants": Example(
        {PUT: 3}, 1, SEEN, {"case_hygiene_rules": RULES}, ("-i", "soc.stellar_tenants.yml")
    ),
}
TENANTS = ("example-clinic", "example-harbour", "example-tenant")


class OtherSystem:
    """A ticket system that answers GET with tickets, and a chat that takes POST."""

    def __init__(self) -> None:
        self.tickets: Any = TICKETS
        self.posted: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(json.dumps(outer.tickets).encode())

            def do_POST(self) -> None:
                outer.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self._answer(b"{}")

            def _answer(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_unused: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def other() -> Iterator[OtherSystem]:
    other = OtherSystem()
    yield other
    other.server.shutdown()
    other.server.server_close()


@pytest.fixture
def soc(analyst: Analyst, sim: Simulator) -> Analyst:
    sim.reset(seed=seed())
    (analyst.folder / "soc.stellar_tenants.yml").write_text("plugin: stellarcyber.xdr.stellar_tenants\n", "utf-8")
    return analyst


def run(soc: Analyst, other: OtherSystem, name: str, *arguments: str, **more: Any) -> Played:
    example = EXAMPLES[name]
    variables = {key: other.url if value == "URL" else value for key, value in (example.variables | more).items()}
    return soc.play(f"stellarcyber.xdr.examples.{name}", *example.arguments, *arguments, **variables)


def changed(played: Played) -> int:
    """The hosts' tasks that changed something, by the recap."""
    return sum(int(part.partition("=")[2]) for part in played.output.split() if part.startswith("changed="))


def states(sim: Simulator, like: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {id_: {name: sim.case(id_)[name] for name in fields} for id_, fields in like.items()}


def test_each_file_is_tested() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_short_and_names_no_connection(name: str) -> None:
    text = (FOLDER / f"{name}.yml").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 60
    assert "{%" not in text
    for play in yaml.safe_load(text):
        assert not {"host", "username", "api_key", "access_token"} & set(play.get("vars", {}))
        for task in play.get("tasks", []):
            assert ("loop" in task) == ("label" in task.get("loop_control", {})), task["name"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_check_mode_writes_nothing_then_all_is_written_once(
    name: str, soc: Analyst, other: OtherSystem, sim: Simulator
) -> None:
    example = EXAMPLES[name]
    hosts = len(TENANTS) if name == "policy_for_many_tenants" else 1
    before = sim.cases()

    preview = run(soc, other, name, "--check", "--diff")
    assert preview.returncode == 0, preview.output
    assert preview.writes == []
    assert sim.cases() == before
    assert other.posted == []
    assert 0 < changed(preview) <= hosts

    first = run(soc, other, name)
    assert first.returncode == 0, first.output
    assert Counter(first.writes) == example.writes
    assert changed(first) == changed(preview)
    assert states(sim, example.state) == example.state
    untouched = [case for case in before if case["_id"] not in example.state and COMMENT not in example.writes]
    assert [case for case in sim.cases() if case in untouched] == untouched

    again = run(soc, other, name)
    assert again.returncode == 0, again.output
    assert again.writes == []
    assert changed(again) == 0
    assert len(other.posted) == (2 if name == "notify_webhook" else 0)


HOSTILE = (
    "Jinja expression",
    "Jinja statement",
    "Jinja arithmetic",
    "forged lines of Ansible",
    "ANSI colour and screen",
    "GitHub commands",
)


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_text_of_a_case_does_anything(
    name: str, soc: Analyst, other: OtherSystem, sim: Simulator, tmp_path: Path
) -> None:
    touched = tmp_path / "touched"
    texts = [hostile_text.texts(touched)[kind] for kind in HOSTILE]
    cases = seed()
    for number, case in enumerate(cases):
        text = texts[number % len(texts)]
        # In front of the words that a rule looks for, and behind them
        case.update(name=f"{text} {case['name']} {texts[-1]}", description=text, tags=[*case["tags"], text])
    sim.reset(seed=cases)
    tenants = [(EXAMPLE_TENANT_ID, texts[0]), (CLINIC_ID, texts[3]), (HARBOUR_ID, texts[4])]
    sim.put_tenants(*({"cust_id": id_, "cust_name": text} for id_, text in tenants))

    played = run(soc, other, name, "--diff")
    assert played.returncode == 0, played.output
    assert Counter(played.writes) == EXAMPLES[name].writes
    assert not touched.exists()
    assert hostile_text.steering(played.output) == []
    assert hostile_text.forged(played.output) == []
    assert not hostile_text.EVALUATED.search(played.output)
    for message in other.posted:
        assert not any(text in json.dumps(message) for text in texts)
        assert not hostile_text.EVALUATED.search(json.dumps(message))


# -- what an example refuses --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("tag_on_triage", {"triage_max_changes": 1}),
        ("close_false_positive", {"close_max_cases": 0}),
        ("escalate_unowned_criticals", {"escalate_max_cases": 0}),
        ("night_shift_handover", {"handover_max_cases": 0}),
        ("night_shift_handover", {"handover_shift": ""}),
        ("night_shift_handover", {"handover_shift": "a b"}),
        ("mirror_ticket_state", {"mirror_max_tickets": 2}),
        ("mirror_ticket_state", {"mirror_url": ""}),
        *((name, {"tenant": "Example Clinic"}) for name in EXAMPLES if name != "policy_for_many_tenants"),
    ],
)
def test_an_example_refuses_before_the_first_write(
    name: str, variables: dict[str, Any], soc: Analyst, other: OtherSystem
) -> None:
    played = run(soc, other, name, **variables)
    assert played.returncode == 2, played.output
    assert played.writes == []


@pytest.mark.parametrize("answer", [{"error": "log in"}, "log in", None])
def test_an_answer_that_is_not_a_list_of_tickets_is_an_error(answer: Any, soc: Analyst, other: OtherSystem) -> None:
    other.tickets = answer
    played = run(soc, other, "mirror_ticket_state")
    assert played.returncode == 2, played.output
    assert "did not answer a JSON list" in played.output
    assert played.writes == []


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({"case_hygiene_fail_on": "drift", "notify_preview": True}, "drift"),
        ({"case_hygiene_max_changes": 0}, "limit"),
        ({"stellar_api_key": "wrong"}, "error"),
        ({"case_hygiene_max_chagnes": 0}, "error"),
    ],
)
def test_the_webhook_hears_of_what_failed(
    variables: dict[str, Any], text: str, soc: Analyst, other: OtherSystem
) -> None:
    played = run(soc, other, "notify_webhook", **variables)
    assert played.returncode == 2, played.output
    assert [message["text"] for message in other.posted] == [text]


def test_what_a_ticket_system_says_is_no_template(
    soc: Analyst, other: OtherSystem, sim: Simulator, tmp_path: Path
) -> None:
    touched = tmp_path / "touched"
    text = hostile_text.texts(touched)["Jinja expression"]
    other.tickets = [
        {"ticket": text, "state": "Assigned", "case": 1001},
        {"ticket": "INC1", "state": text, "case": 1002},
        {"ticket": "INC2", "state": "Assigned", "case": text},
    ]
    played = run(soc, other, "mirror_ticket_state")
    assert played.returncode == 2, played.output
    assert played.writes == []
    assert not touched.exists()


def test_without_tenants_the_policy_is_not_said_to_have_run(soc: Analyst, other: OtherSystem, sim: Simulator) -> None:
    sim.fault("status", path="/tenants", status=500, times=0)
    soc.environment["STELLAR_RETRIES"] = "0"
    played = run(soc, other, "policy_for_many_tenants")
    assert played.returncode == 2, played.output
    assert "no host in the group stellar_tenants" in played.output
    assert not any("cases" in call for call in played.calls)


def test_each_tenant_has_its_report(soc: Analyst, other: OtherSystem) -> None:
    assert run(soc, other, "policy_for_many_tenants", "--check").returncode == 0
    reports = [soc.report(f"reports/{name}") for name in TENANTS]
    assert [report["counts"]["changed"] for report in reports] == [3, 0, 0]
    assert [one["run"] for one in soc.report("reports/all")["runs"]] == list(TENANTS)
    elsewhere = {"case_hygiene_report_dir": "elsewhere"}
    assert run(soc, other, "policy_for_many_tenants", "--check", **elsewhere).returncode == 0
    assert [one["run"] for one in soc.report("elsewhere/all")["runs"]] == list(TENANTS)


def test_a_preview_is_the_default_of_the_webhook(soc: Analyst, other: OtherSystem, sim: Simulator) -> None:
    rules = {"case_hygiene_rules": RULES}
    played = soc.play("stellarcyber.xdr.examples.notify_webhook", notify_url=other.url, **rules)
    assert played.returncode == 0, played.output
    assert played.writes == []
    assert other.posted[0]["text"] == "drift"
    assert other.posted[0]["counts"]["changed"] == len(SEEN)
    assert soc.play("stellarcyber.xdr.examples.notify_webhook", **rules).returncode == 0
    assert len(other.posted) == 1


def test_defaults_change_nothing_but_tags(soc: Analyst, sim: Simulator) -> None:
    sim.reset()
    for name in EXAMPLES:
        sim.clear_requests()
        soc.play(f"stellarcyber.xdr.examples.{name}", *EXAMPLES[name].arguments)
        for entry in sim.writes():
            body = json.loads(entry["body"])
            allowed = {"tags"} if name != "escalate_unowned_criticals" else {"tags", "status", "comment"}
            assert set(body) <= allowed, (name, calls([entry]))
