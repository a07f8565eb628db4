# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every message in the tables of the README and of docs/ is provoked."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._api import listing as listing_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http import session as session_module
from tests.integration.event_messages import EVENT_MESSAGES
from tests.integration.ping_messages import PING_MESSAGES
from tests.integration.playbook import CASE as CASE_ID
from tests.integration.playbook import ROOT
from tests.integration.provoke import ONE_CASE, Provoke
from tests.simulator.process import Simulator

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ANYTHING = "…"
SHARED_TICKET = 70001


def table_rows(page: Path) -> list[str]:
    """First cells of the tables of messages."""
    rows, inside = [], False
    for line in page.read_text(encoding="utf-8").splitlines():
        inside = line.startswith("| message |") or (inside and line.startswith("|"))
        cell = re.match(r"\| `([^`]+)` \|", line)
        if inside and cell:
            rows.append(cell[1])
    return rows


MESSAGES = [row for page in PAGES for row in table_rows(page)]


def plain_port() -> int:
    """A port that answers in plain text."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _address = listener.accept()
        connection.recv(1024)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.close()
        listener.close()

    threading.Thread(target=answer, daemon=True).start()
    return int(listener.getsockname()[1])


def damaged_cache(provoke: Provoke) -> str:
    folder = provoke.directory / "cache"
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(folder)}
    provoke.inventory(**cache)
    for file in folder.iterdir():
        file.write_text('{"__payload__": 7}', encoding="utf-8")
    return provoke.inventory(**cache)


def without_requests(provoke: Provoke) -> str:
    provoke.monkeypatch.setattr(session_module, "requests", None)
    provoke.monkeypatch.setattr(session_module, "REQUESTS_IMPORT_ERROR", "ImportError: none", raising=False)
    return provoke.case()


def without_a_proxy(provoke: Provoke) -> str:
    provoke.monkeypatch.setenv("HTTPS_PROXY", "http://:3128")
    provoke.monkeypatch.setenv("NO_PROXY", "")
    return provoke.case()


def endless_listing(provoke: Provoke) -> str:
    provoke.monkeypatch.setattr(listing_module, "MAX_CASES", 5)
    return provoke.info()


def too_many_alerts(provoke: Provoke) -> str:
    provoke.sim.put_case(CASE_ID, size=1200)
    failing = provoke.faulty("status", status=500, path="*/alerts", query={"skip": "1050"}, times=0)
    return failing.info(case_id=[CASE_ID], include=["alerts"])


def broken_history(provoke: Provoke) -> str:
    path = provoke.directory / "history.jsonl"
    path.write_text('{"history": 1}\n{"history": 1, "cou\n', encoding="utf-8")
    return provoke.hygiene(rules=[{"name": "A", "match": {"name": "^$"}}], history=str(path))


GUARD = "1660835991788"  # a moment before the case was changed
UNDONE = {"case_id": CASE_ID, "status": "Resolved", "if_unmodified_since": GUARD}
USERS = [{"user_id": digit * 32, "email": f"{digit}@example.com", "name": "Twin"} for digit in "12"]
TENANTS = [{"cust_id": digit * 32, "cust_name": "Twin"} for digit in "12"]
ROOT_TENANT = {"cust_id": "", "cust_name": "Root Tenant"}
TAGS_AS_LIST = {"stellarcyber.xdr.stellar_case": {"case_id": CASE_ID, "tags": ["a", "b"]}}
TAGS_AS_OPTION = {"ansible.builtin.debug": {"msg": "{{ query('stellarcyber.xdr.stellar_cases', tags=['a']) }}"}}
TAGS_AND_MATCH = {"ansible.builtin.debug": {"msg": "{{ query('stellarcyber.xdr.stellar_cases', 'a', match={}) }}"}}
INSECURE = {"stellarcyber.xdr.stellar_case_info": {"limit": 1, "validate_certs": False}}
UNDO = '{"report": 1, "platform": %s, "undo": [{"case_id": "62fceb4a48be7776c793a02a", "severity": "Low"}]}'
NO_TAGS = {"ansible.builtin.debug": {"msg": "{{ query('stellarcyber.xdr.stellar_cases', []) }}"}}
UNKNOWN_FILTER = {
    "ansible.builtin.debug": {
        "msg": "{{ query('stellarcyber.xdr.stellar_cases', host='127.0.0.1:1', api_key='none', stauts=['New']) }}"
    }
}
PROVOCATIONS: dict[str, Callable[[Provoke], str]] = {
    **PING_MESSAGES,
    **EVENT_MESSAGES,
    "host is required.": lambda p: p.case(host=None),
    "…, from …, is empty.": lambda p: p.info(tenant=""),
    "…, from …, can't be evaluated: …": lambda p: p.variable(stellar_tenant="{{ customer }}"),
    "…, from …, must be …": lambda p: p.info(validate_certs="ture"),
    "The variable …: is unknown, and nearly the name of …": lambda p: p.variable(stellar_tenent="Example Tenant"),
    "The variables given by -e: could not be read as name=value: …": (
        lambda p: p.playbook("stellarcyber.xdr.hygiene", "--check", "-e", "stellar_tenant: Example Tenant")
    ),
    "journal is empty.": lambda p: p.cases({"case_id": CASE_ID, "severity": "Low"}, journal=" "),
    "The variable …: was given by -e, …": (
        lambda p: p.playbook("stellarcyber.xdr.hygiene", "--check", "-e", "tenant=Example")
    ),
    "Could not load the Python library requests: …": without_requests,
    "host, from …, …": lambda p: p.case(host="https://myserver.example.com/login"),
    "api_key is required.": lambda p: p.case(api_key=None),
    "api_key, from …, contains a space, …": lambda p: p.case(api_key="{{ key }}"),
    "auth_method, from …, is basic, …": lambda p: p.case(username=None, auth_method="basic"),
    "username, from …, …": lambda p: p.case(username="analyst@example.com:key"),
    "ca_path, from …, does not exist: …": lambda p: p.case(ca_path="/nowhere/ca.pem"),
    "ca_path, from …, can't be read as CA certificates …": lambda p: p.case(ca_path=__file__),
    "proxy, from …, can't be used with plain http, …": (
        lambda p: p.case(host="http://127.0.0.1:1", proxy="http://proxy.example.com:3128")
    ),
    "… (…): the TLS connection was closed: …": lambda p: p.case(host=f"127.0.0.1:{plain_port()}"),
    "… (…): no answer to plain http: …": lambda p: p.case(host=f"http://{p.sim.host}"),
    "proxy, from …, is not a valid proxy URL.": lambda p: p.case(proxy="proxy.example.com:3128"),
    "The proxy of the environment: is not a valid proxy URL.": without_a_proxy,
    "timeout, from …, must be from …": lambda p: p.case(timeout=0),
    "Could not get an access token (…): HTTP 401, the platform refused api_key, sent as a legacy key of …": (
        lambda p: p.case(api_key="wrong")
    ),
    "Could not get an access token (…): HTTP 401, the platform refused api_key, sent as a scoped key …": (
        lambda p: p.case(username=None)
    ),
    "… (…): HTTP 401, …": lambda p: p.case(api_key=None, access_token="wrong"),
    "… (…): TLS failed, so nothing was sent: …": lambda p: p.case(ca_path=None),
    "… (…): no answer: …": lambda p: p.case(host="127.0.0.1:1"),
    "… (…): no complete answer in time …": lambda p: p.faulty("stall").case(timeout=1),
    "… (…): the proxy … did not connect: …": lambda p: p.case(proxy="http://127.0.0.1:1"),
    "… (…): HTTP 302 redirects to …": lambda p: p.faulty("redirect").case(),
    "… (…): HTTP 200, but the answer …": lambda p: p.faulty("html").case(),
    **{
        f"… (…): HTTP {status}, …": lambda p, status=status: p.faulty("status", status=status, path=ONE_CASE).case()
        for status in (403, 404, 405, 422, 429, 500)
    },
    # docs/errors.md: the inventory
    "tenants: no tenant matches …": lambda p: p.inventory(tenants=["Exampel"]),
    "The inventory would be empty: …": lambda p: p.inventory(exclude_tenants=["*"]),
    "group must have only letters, digits and _, …": lambda p: p.inventory(group="a b"),
    "hostname must be an expression without {{ }}.": lambda p: p.inventory(hostname="{{ stellar_tenant }}"),
    "hostname can't be evaluated for tenant …": lambda p: p.inventory(hostname="nothing"),
    "hostname gives no text for tenant …": lambda p: p.inventory(hostname="7"),
    "A group of groups or keyed_groups has the name of a host: …": lambda p: p.inventory(
        hostname="'x' ~ stellar_tenant", keyed_groups=[{"key": "inventory_hostname", "separator": ""}]
    ),
    "The root tenant can't be a host, …": lambda p: p.listing("tenants", [*TENANTS, ROOT_TENANT]).inventory(),
    "Several tenants, another host or a group would have the host name …": (
        lambda p: p.listing("tenants", TENANTS).inventory()
    ),
    "The cache of the inventory stellarcyber.xdr.stellar_tenants can't be read: …": damaged_cache,
    # docs/errors.md: access token, options
    "Could not get an access token (…): … The answer … is not shown, because it may contain a token. …": (
        lambda p: p.faulty("echo", path="*/access_token", status=200, spelling="list").case()
    ),
    "case_id must have only letters, digits, - and _; got …": lambda p: p.case(case_id="cases/1"),
    "status must be one of …; got ….": lambda p: p.case(status="open"),
    "resolution belongs to status Resolved, …": lambda p: p.case(resolution="Benign"),
    "update_alerts works only with a status that closes the case.": lambda p: p.case(update_alerts=True),
    "marker must be 1 to 100 letters, digits or characters of …": lambda p: p.comment(marker="a b"),
    "comment_marker needs comment. …": lambda p: p.case(comment_marker="a"),
    "comment is required if state is present. …": lambda p: p.comment(comment=None, marker="a"),
    "comment and marker: are both left out. …": lambda p: p.comment(comment=None, state="absent"),
    "comment is not used with marker if state is absent. …": lambda p: p.comment(marker="a", state="absent"),
    "author must be me if state is absent. …": lambda p: p.comment(author="anyone", state="absent"),
    "on_difference needs marker, …": lambda p: p.comment(on_difference="edit"),
    "Did not comment on case …: it has a comment (…) with the marker … and another text. …": (
        lambda p: p.commented("Old [ansible:a]").comment(marker="a")
    ),
    "Did not delete a comment of case …: it can't be known which comments are those of this key. …": (
        lambda p: p.switched(users_status=403).comment(state="absent")
    ),
    "Did not delete a comment of case …: it has … comments with this text (…). …": (
        lambda p: p.commented("Seen", "Seen").comment(state="absent")
    ),
    "… keeps a comment (…) with the marker …: it says more …": (
        lambda p: p.commented("Seen [ansible:a]\nMore").comment(comment=None, marker="a", state="absent")
    ),
    "Could not edit the comment on case …: the platform accepted the write, but the comments do not show it. …": (
        lambda p: (
            p.commented("Old [ansible:a]")
            .faulty("wrong_shape", method="PUT", path="*/comments/*", body={"data": {}}, handled=False)
            .comment(marker="a", on_difference="edit")
        )
    ),
    "… The platform accepted the write; reading the comments again failed. …": (
        lambda p: (
            p.commented("Seen")
            .faulty("status", status=501, method="GET", path="*/comments", after=1)
            .comment(state="absent")
        )
    ),
    "author is me, and it can't be known which comments are those of this key: …": (
        lambda p: p.switched(users_status=403).comment()
    ),
    "case … has the comment … times (…): …": lambda p: p.commented("Seen", "Seen").comment(),
    "The platform accepted the comment, and does not list it yet.": lambda p: p.switched(parts_lag_ms=60_000).comment(),
    "The comment was posted; reading it back failed. …": (
        lambda p: p.faulty("status", status=501, method="GET", path="*/comments", after=1).comment()
    ),
    "comment is empty.": lambda p: p.case(comment=" "),
    "tags adds and removes …": lambda p: p.case(tags={"add": ["a"], "delete": ["a"]}),
    "tags.add: tag … contains a comma, …": lambda p: p.case(tags={"add": ["a,b"]}),
    "tags.add: tag … is empty.": lambda p: p.case(tags={"add": [" "]}),
    "created_after: … is not a valid time.": lambda p: p.info(created_after="yesterday"),
    "created_after: … has no unit …": lambda p: p.info(created_after="30"),
    "if_unmodified_since: … may be epoch seconds; …": lambda p: p.case(if_unmodified_since="1660835991"),
    "The task: declares no state of the case.": lambda p: p.case(severity=None, comment="Done"),
    "tags must be a dictionary; got a list. …": lambda p: p.ansible(TAGS_AS_LIST),
    "Unsupported parameters for …: …": lambda p: p.ansible(UNKNOWN_FILTER),
    "if_unmodified_since has no value.": lambda p: p.case(if_unmodified_since=None),
    "tags is an empty list, …": lambda p: p.info(tags=[]),
    "users has an empty item.": lambda p: p.users(users=["a", " "]),
    "min_score must be from 0 to 100; got …": lambda p: p.info(min_score=500),
    "created_after is in the future and can never match. …": lambda p: p.info(created_after="2099-01-01"),
    "if_unmodified_since must be a time; got the age …": lambda p: p.case(if_unmodified_since="7d"),
    "assignee contains only spaces.": lambda p: p.case(assignee=" "),
    "assignee has an item that contains only spaces. …": lambda p: p.info(assignee=[" "]),
    "limit must be 1 or more; got 0. …": lambda p: p.info(limit=0),
    "limit can't be combined with result=count.": lambda p: p.lookup(limit=1, result="count"),
    "created_after and created_before: the range is empty.": (
        lambda p: p.info(created_after="1d", created_before="2d")
    ),
    "count_only can't be combined with …": lambda p: p.info(count_only=True, include=["alerts"]),
    "The lookup stellarcyber.xdr.stellar_cases got an empty list of tags, …": lambda p: p.ansible(NO_TAGS),
    "The lookup stellarcyber.xdr.stellar_cases has no option tags. …": lambda p: p.ansible(TAGS_AS_OPTION),
    "match and … are mutually exclusive.": lambda p: p.info(match={}, tags=["a"]),
    "The lookup stellarcyber.xdr.stellar_cases got tags as terms, and match. …": lambda p: p.ansible(TAGS_AND_MATCH),
    "Could not apply match to case …: …": lambda p: p.named("a" * 40 + "!").info(match={"name": "(a+)+$"}),
    # docs/errors.md: rules, lists of cases, undo
    "Rule …: set.tags adds and removes nothing.": lambda p: p.rule(set={"tags": {"add": []}}),
    "… Could not apply the rules to case …: Could not read the activities of case …: …": (
        lambda p: p.switched(activities_status=403).rule(match={"status": ["New"], "status_for": "4h"})
    ),
    "… Could not apply the rules to case …: its history …": (lambda p: p.assigned().rule(match={"assigned_for": "4h"})),
    "Rule …: match.status_for must be an age; got …": lambda p: p.rule(match={"status_for": "2026-11-01"}),
    "… Could not apply the rules to case …: …": lambda p: p.named("a" * 40 + "!").rule(match={"name": "(a+)+$"}),
    "Could not read all cases: the time_budget of the task is used up. …": (
        lambda p: p.faulty("latency", path="*/cases", ms=1100).cases(
            rules=[{"name": "A rule", "match": {}}], time_budget=1
        )
    ),
    "Could not read all cases: the platform is unavailable, and retry_budget is used up. …": (
        lambda p: p.faulty("stall", path="*/activities", times=0).cases(
            rules=[{"name": "A rule", "match": {"status": ["New"], "status_for": "4h"}}],
            **{"timeout": 1, "retry_budget": 1, "concurrency": 1},
        )
    ),
    "rules is an empty list.": lambda p: p.cases(rules=[]),
    "Rule …: … is unknown. Valid keys are …": lambda p: p.rule(match={"stauts": ["New"]}),
    "Rule …: … must be one of …; got ….": lambda p: p.rule(match={"status": ["Open"]}),
    "Rule …: … is required.": lambda p: p.cases(rules=[{"name": "A rule"}]),
    "Item …: … or … is required.": lambda p: p.cases({"severity": "Low"}),
    "Rule …: … and … are mutually exclusive.": lambda p: p.rule(set={"tags": {"add": ["a"], "set": ["b"]}}),
    "Rule …: … must be a whole number; got …": lambda p: p.rule(match={"min_size": "1_000"}),
    "Rule …: … has an empty item; got …": lambda p: p.rule(match={"assignee": "ohtani,"}),
    "Rule …: … has no value. …": lambda p: p.rule(match={"status": None}),
    "Rule …: … must be a dictionary; got …": lambda p: p.rule(match="status=New"),
    "Rule …: … must be a string; got …": lambda p: p.rule(match={"name": ["a", "b"]}),
    "Rule …: name must be unique, …": lambda p: p.rule({"name": "A rule", "match": {}}),
    "Rule …: match.name must be a Python regular expression; got …": lambda p: p.rule(match={"name": "("}),
    "Rule …: … and …: the range is empty.": lambda p: p.rule(match={"min_score": 9, "max_score": 8}),
    "Rule …: match.status and match.not_status can never match together.": (
        lambda p: p.rule(match={"status": ["New"], "not_status": ["New"]})
    ),
    "Rule …: match.tags can never match, …": (lambda p: p.rule(match={"tags": {"all": ["a"], "none": ["a"]}})),
    "Rule …: set is empty.": lambda p: p.rule(set={}),
    "Rule …: set.resolution belongs to status Resolved.": lambda p: p.rule(set={"resolution": "Benign"}),
    "Rule …: comment needs set: …": lambda p: p.rule(comment="Seen"),
    "The rules … would change case … once more in the next run: …": (
        lambda p: p.rule(
            {"name": "Another", "match": {"severity": ["Low"]}, "set": {"severity": "High"}},
            {"name": "A third", "match": {"severity": ["Medium"]}, "set": {"severity": "Low"}},
            match={"severity": ["High"]},
            set={"severity": "Medium"},
        )
    ),
    "Item … of cases: The case: is already declared by item …": (
        lambda p: p.cases({"case_id": CASE_ID, "status": "New"}, {"case_id": CASE_ID, "severity": "Low"})
    ),
    "Item … of cases (…): The case: is already declared by item …": (
        lambda p: p.cases({"case_id": CASE_ID, "status": "New"}, {"ticket_id": 67535, "severity": "Low"})
    ),
    "max_changes must be a number, 0 or more, or a percentage; got ….": lambda p: p.limit("some"),
    "max_changes must be from 0% to 100%, got …": lambda p: p.limit("101%"),
    "plan_max_age is for plan or plan_file. …": (
        lambda p: p.cases({"case_id": CASE_ID, "severity": "Low"}, plan_max_age="1h")
    ),
    "plan_guard is for plan. …": lambda p: p.cases({"case_id": CASE_ID, "severity": "Low"}, plan_guard="fields"),
    "plan_title is for plan_file. …": lambda p: p.cases({"case_id": CASE_ID, "severity": "Low"}, plan_title="A"),
    "concurrency must be from …": lambda p: p.cases({"case_id": CASE_ID, "severity": "Low"}, concurrency=33),
    "Aborted before the first write: … planned, max_changes is …": lambda p: p.limit("0"),
    "undo_file: … can't be read: …": lambda p: p.cases(undo_file="/nowhere/hygiene.json"),
    "undo_file: the file is from the platform …, and this run is on ….": lambda p: p.undo(UNDO % '"elsewhere"'),
    "undo_file: the file doesn't say which platform it is from, …": lambda p: p.undo(UNDO % '""'),
    "undo_file: … contains nothing to undo: …": lambda p: p.undo('{"report": 1, "undo": []}'),
    "The undo is not complete: …": (
        lambda p: p.faulty("status", status=422, method="PUT").undo(UNDO % f'"{p.sim.host}"')
    ),
    "Could not read …: it is empty, …": lambda p: p.undo(""),
    "Could not read …: it is neither a report of the role case_hygiene nor a journal.": (
        lambda p: p.undo(f'[{{"case_id": "{CASE_ID}", "severity": "Medium"}}]')
    ),
    "Could not read …: line … must be JSON of a report or a journal.": lambda p: p.undo("case 1\ncase 2\n"),
    "journal: … can't be created: …": (
        lambda p: p.cases({"case_id": CASE_ID, "severity": "Low"}, journal="/nowhere/journal")
    ),
    # docs/errors.md: policies and the policy check
    "Policy …: can't be read: …": lambda p: p.policy(None),
    "Policy …: line …: …": lambda p: p.policy(b"rules: {}"),
    "Policy …: is not valid YAML: …": lambda p: p.policy(b"\xff"),
    "Policy …: is encrypted with ansible-vault, and this run has no vault password. …": lambda p: p.vaulted(None),
    "Policy …: is encrypted with ansible-vault, and no vault password of this run decrypts it. …": (
        lambda p: p.vaulted("wrong")
    ),
    "The policy check failed: …": lambda p: p.hygiene(rules=[{"name": "A", "match": {}}], fail_on="findings"),
    "The policy could not be evaluated: …": lambda p: p.interrupted().hygiene("--check"),
    "The plan could not be applied: …": lambda p: p.interrupted_plan(),
    "The policy could not be evaluated, see the error above.": (
        lambda p: p.ansible({"stellarcyber.xdr.case_hygiene": {"result": {}}})
    ),
    "The run was interrupted before its end. …": lambda p: p.interrupted().report(use_starter_policy=True),
    "A host would not run this play, so not all would be checked: …": lambda p: p.hygiene("--limit", "elsewhere"),
    "case_hygiene_policy_file is required for a run that changes cases. …": lambda p: p.hygiene(),
    "case_hygiene_plan_file and case_hygiene_apply_plan are both given. …": lambda p: p.hygiene(
        plan_file="a.json", apply_plan="b.json"
    ),
    "contract_dir is required. …": lambda p: p.playbook("stellarcyber.xdr.contract", **p.sim.env()),
    "case_hygiene_rules and case_hygiene_policy_file are both given. …": lambda p: p.hygiene(
        rules=[], policy_file="policy.yml"
    ),
    "case_hygiene_… has no value: …": lambda p: p.hygiene(max_changes=None),
    "case_hygiene_… must be …, got …": lambda p: p.hygiene(fail_on="drfit"),
    "case_hygiene_… can't be evaluated: …": lambda p: p.hygiene(max_changes="{{ most }}"),
    "The variable case_hygiene_…: is unknown. …": lambda p: p.hygiene(max_chagnes=5),
    "The variable case_hygiene_…: was given by -e, or as an artefact of an earlier job, …": (
        lambda p: p.hygiene(report="reports")
    ),
    "The variable case_hygiene_report: is the role's result, …": (
        lambda p: p.ansible(
            {
                "block": [
                    {"ansible.builtin.set_fact": {"case_hygiene_report": "reports"}},
                    {"stellarcyber.xdr.case_hygiene": {}},
                ]
            }
        )
    ),
    "case_hygiene_report_dir: can't write reports in …": lambda p: p.hygiene(report_dir=__file__),
    "case_hygiene_report_dir: the host … can't have a folder …": lambda p: p.hygiene(
        "-i", "a/b,", "-e", "hygiene_hosts=all", report_dir="reports"
    ),
    "case_hygiene_history: can't write the history in …": lambda p: p.hygiene(history=str(p.directory)),
    "case_hygiene_history: … is not a history of runs. …": lambda p: p.hygiene(history=__file__),
    "case_hygiene_history: the file is of a newer version of the collection. …": lambda p: p.newer_history(),
    "plan_file can't be combined with if_unmodified_since of an item. …": lambda p: p.plan_of(
        severity="Low", if_unmodified_since="2026-11-28T08:00:00Z"
    ),
    "plan_file can't be combined with description of an item. …": lambda p: p.plan_of(description="x"),
    "case_hygiene_…: can't create the folder of …": lambda p: p.hygiene(
        "--check", "-i", "clinic,", "-e", "hygiene_hosts=all", plan_file=f"{__file__}/plan.json"
    ),
    "case_hygiene_history: … removed.": broken_history,
    "case_hygiene_case_url …; got …": lambda p: p.hygiene(case_url="http://{platform}/{case_id}"),
    "plan_file works in check mode only. …": lambda p: p.cases(
        {"case_id": CASE_ID, "severity": "Low"}, plan_file="plan"
    ),
    "plan_file: … can't be written: …": lambda p: p.planned("none/plan.json"),
    "plan_max_age must be a time such as 24h, at most 3650d; …": lambda p: p.cases(plan="plan", plan_max_age="24"),
    "plan: … can't be read: …": lambda p: p.cases(plan="none.json"),
    "plan: … can't be applied: it is not a plan. …": lambda p: p.cases(plan=__file__),
    "plan: … can't be applied: it was changed after it was written, …": lambda p: p.plan("In Progress", "Escalated"),
    "plan: … can't be applied: it is for …": lambda p: p.plan(tenant="Example Clinic"),
    "plan: … can't be applied: it was made at …, and may be … old. …": lambda p: p.plan(plan_max_age="0s"),
    "plan: … can't be applied: it was made at …, and is valid until …": (
        lambda p: p.plan_with({"valid_until": "2026-11-01T00:00:00Z"})
    ),
    "plan: … can't be applied: it was made at …, and here it is …": (
        lambda p: p.plan_with({"created_at": "2099-01-01T00:00:00Z"})
    ),
    "plan: … can't be applied: its format is …": lambda p: p.plan('"plan": 1', '"plan": 2'),
    "plan: … can't be applied: it is not complete: …": lambda p: p.plan_with({"tenant": None}),
    "plan: … can't be applied: the run that should have made it …": lambda p: p.plan_with(
        {"error": ("the run that should have made it was interrupted")}
    ),
    "undo_file is required. …": lambda p: p.undo_of_nothing(),
    "undo_fail_on must be skipped, failed or none. …": (
        lambda p: p.playbook("stellarcyber.xdr.undo", "-e", "undo_file=x", "-e", "undo_fail_on=never", **p.sim.env())
    ),
    "undo_only names a case that undo_file has nothing to undo of: …": lambda p: p.undo_only("1"),
    "reports names no file: …": lambda p: p.merge(),
    "reports names the merged report only. …": lambda p: p.merge({}, merge_reports="r0", merge_report_dir="r0"),
    "max_age must be a time such as 24h, at most 3650d; …": lambda p: p.merge({}, merge_max_age="24"),
    "… can't be merged: it is of a run at …, …": lambda p: p.merge({"started_at": "2026-11-01T08:00:00Z"}),
    "… can't be merged: it is not JSON. …": lambda p: p.merge(None),
    "… can't be merged: it is not a report of the role case_hygiene: …": lambda p: p.merge({"report": 0}),
    "… can't be merged: it is a report of several runs itself. …": lambda p: p.merge({"runs": [{}]}),
    "… and … can't be merged: what would change and what was changed can't be added. …": (
        lambda p: p.merge({}, {"mode": "apply"})
    ),
    "… and … can't be merged: the first is of a plan, …": lambda p: p.merge({"plan": {"applied": True}}, {}),
    "… and … can't be merged: both are of …": lambda p: p.merge(*[{"platform": "a", "scope": "tenant b"}] * 2),
    "… and … can't be merged: both contain case …": lambda p: p.merge(*[{"findings": [{"case_id": CASE_ID}]}] * 2),
    # docs/errors.md: cases, people, tenants
    "Could not find the case of ticket …: there is none …": lambda p: p.case(case_id=None, ticket_id=1),
    "Could not find the case of ticket …: it matches … cases (ambiguous): …": (
        lambda p: p.case(case_id=None, ticket_id=SHARED_TICKET)
    ),
    "Could not find ticket …: the platform ignores the filter ticket_id …": (
        lambda p: p.switched(ignored_query_parameters=["ticket_id"]).case(case_id=None, ticket_id=67535)
    ),
    "Could not find user …: none of the … users …": lambda p: p.case(assignee="nobody@example.com"),
    "Could not find user …: … users have that name: …": lambda p: p.listing("users", USERS).case(assignee="Twin"),
    "Could not find tenant …: it is none of the … tenants …": lambda p: p.info(tenant="Exampel"),
    "Could not find tenant …: it is only the beginning of a tenant's name, …": lambda p: p.info(tenant="Example"),
    "Could not find tenant …: this key can't read the tenants.": (
        lambda p: p.switched(tenants_status=403).info(tenant="Example Tenant")
    ),
    "tenant_groups can't be used: the platform does not show the group of … tenants, …": (
        lambda p: p.listing("tenants", TENANTS).tenants(tenant_groups=["EMEA"])
    ),
    "tenant does not limit the users, …": lambda p: p.users(tenant="Example Tenant"),
    "Could not use a record of the platform's list of users: …": (
        lambda p: p.listing("users", [*USERS, {"name": "x"}]).users()
    ),
    "Could not find tenant …: … tenants have that name: …": lambda p: p.listing("tenants", TENANTS).info(tenant="Twin"),
    "Rejected case …: it belongs to tenant …": lambda p: p.case(tenant="Example Clinic"),
    "Refused to change case …: … changed it at …": lambda p: p.case(if_unmodified_since=GUARD),
    "Refused to change case …: the platform does not say when it was changed.": (
        lambda p: p.faulty("wrong_shape", path=ONE_CASE, body={"data": {"_id": CASE_ID}}).case(
            if_unmodified_since=GUARD
        )
    ),
    "Could not list all cases: the platform announces … cases and gives …": (
        lambda p: p.switched(page_cap=7, ignored_query_parameters=["skip", "FROM~created_at"]).info()
    ),
    "Could not list all cases: the platform lists more than …, and the listing does not end.": endless_listing,
    "Could not list cases (…): … is larger than 16 MiB. The page had at most … cases. …": (
        lambda p: p.switched(case_padding=2_000_000).info()
    ),
    "Could not list cases (…): … More than 1000 cases have the same times, score, status and severity …": (
        lambda p: p.alike(1600).switched(skip_max=1000).info()
    ),
    "Could not use … of the platform's list of cases: …": (lambda p: p.switched(odd_record="bad_status").info()),
    "… some platforms refuse a skip above 1000. …": too_many_alerts,
    "… (…): HTTP 200, but the platform's answer does not contain …": lambda p: p.faulty(
        "wrong_shape", path=ONE_CASE
    ).case(),
    # docs/errors.md: after a write, warnings
    "Could not update case …: the platform accepted the write, but the case does not show it: …": (
        lambda p: p.switched(ignored_put_keys=["severity"]).case()
    ),
    "Could not post the comment on case …, which was updated already …": (
        lambda p: p.faulty("status", status=403, method="POST", path="*/comments").case(comment="Done")
    ),
    "… The platform accepted the update; reading it back failed. …": (
        lambda p: p.switched(put_answer="empty").second_read_fails().case()
    ),
    "Could not update all cases: …": lambda p: p.cases({"case_id": "0" * 24, "severity": "Low"}),
    "validate_certs is false: …": lambda p: p.ansible(INSECURE, **p.sim.env()),
    "... and … more warnings of this kind.": lambda p: p.cases(
        *({"case_id": case["_id"], "description": "What happened"} for case in p.sim.cases()[:11])
    ),
    "… The write was not retried: the read before the retry failed as well. …": (
        lambda p: (
            p.faulty("status", status=429, method="POST", path="*/comments")
            .faulty("status", status=403, method="GET", path="*/comments")
            .case(comment="Done", retries=1)
        )
    ),
    "… It is unknown whether the write was made: the read that verifies it failed as well. …": (
        lambda p: p.faulty("drop_after", path="*/comments", times=0).case(comment="Done", retries=1)
    ),
    "Could not update case … It is unknown whether the case was changed: …": (
        lambda p: p.faulty("drop_after", path=ONE_CASE, after=1, times=0).case()
    ),
    "Could not update case … The case was read again and is unchanged. …": (
        lambda p: p.faulty("drop_before", method="PUT", path=ONE_CASE, times=0).case()
    ),
    "Could not update case … The case was read again and does not show the update. …": (
        lambda p: p.edited().faulty("drop_before", method="PUT", path=ONE_CASE, times=0).case(retries=0)
    ),
    "description of case … can't be compared, …": lambda p: p.case(severity=None, description="What happened"),
    "The platform did not list 500 cases in one answer (…). They were read in pages of at most ….": (
        lambda p: p.switched(limit_max=100).info()
    ),
    "… of the … of case … are not objects.": (
        lambda p: p.faulty("wrong_shape", path="*/comments", body={"data": [1, {}]}).info(
            case_id=[CASE_ID], include=["comments"]
        )
    ),
    "… can't be looked up, …": lambda p: p.switched(users_status=403).info(assignee=["ohtani"]),
    "case … was updated, but its modified_at may be older than the comment. …": (
        lambda p: p.second_read_fails().case(comment="Done")
    ),
    "case … was changed by others while it was updated: …": lambda p: p.edited().case(),
    "Could not determine who changed case … after the run that is undone. …": (
        lambda p: p.faulty("status", status=403, path="*/activities").cases({**UNDONE, "if_match": {"status": "New"}})
    ),
    "Could not determine whether others changed case … between its read and its update. …": (
        lambda p: p.faulty("status", status=403, path="*/activities").case(if_unmodified_since="2099-01-01")
    ),
    "assignee of case … can't be verified, …": (
        lambda p: p.switched(users_status=403).case(assignee="day-shift@example.com")
    ),
    "The platform's clock is … (h:mm:ss) … the clock of this machine. …": (
        lambda p: p.switched(clock_offset_s=7200).info(created_after="7d")
    ),
    "Could not update case … The case is gone: it was deleted, or is no longer visible to this key. …": (
        lambda p: p.deleted_before_the_write().case()
    ),
    "Could not read the … of case … (…): …": (
        lambda p: p.faulty("status", status=500, path="*/summary").info(ticket_id=[67535], include=["summary"])
    ),
}


def test_every_message_of_the_tables_is_provoked() -> None:
    assert sorted(MESSAGES) == sorted(PROVOCATIONS)


@pytest.mark.parametrize("message", MESSAGES)
def test_message_is_what_the_table_says(
    message: str, sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = PROVOCATIONS[message](Provoke(sim, tmp_path, monkeypatch))
    pattern = ".*".join(re.escape(part) for part in message.split(ANYTHING))
    # Ansible puts words of its own before its messages.
    beginning = ".*" if re.search(r"PLAY \[|\[ERROR\]: ", said) or message.startswith("The lookup") else ""
    assert re.match(beginning + pattern, said, re.DOTALL), said
