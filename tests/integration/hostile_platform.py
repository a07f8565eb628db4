# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A platform that lies as a test says, and the ways to ask it; the fixture attack (conftest.py) does so."""

from __future__ import annotations

import json
import re
import time
from contextlib import contextmanager
from types import SimpleNamespace

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE as CASE_OPTIONS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE_INFO, LOOKUP
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.cases import CASES
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import StellarError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case, run_case_info, run_lookup
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.cases import run_cases
from tests import canned, evidence
from tests.canned import http
from tests.integration.many import TAKE_OVER, case
from tests.integration.playbook import parameters

KEY = "canary-key-of-a-hostile-server"
LONGEST_S = 20
MOST_REQUESTS = 120
MIB = 2**20
RECORD = case(1)
ID = RECORD["_id"]
BIG = "9" * 10**6


class Platform:
    """Four cases. A test puts other answers in the place of sane ones: bytes, what becomes JSON, or a function."""

    def __init__(self):
        self.cases = {record["_id"]: record for record in map(case, range(1, 5))}
        self.said = {}
        self.asked = []

    def __call__(self, asked):
        self.asked.append(asked)
        path = asked.path.removeprefix("/connect/api/v1/")
        call = f"{asked.method} {re.sub('^cases/.*', 'cases/ID', path)}"
        said = self.said.get(call, getattr(self, call.replace(" ", "_").replace("/", "_"), None))
        if callable(said):
            said = said(asked)
        return said if isinstance(said, bytes) else http(status=404) if said is None else http(said)

    def POST_access_token(self, asked):
        return {"access_token": "token-of-a-platform", "exp": int(time.time()) + 600}

    def GET_cases(self, asked):
        query = {name: int(value) for name, value in asked.query.items() if re.fullmatch("-?[0-9]+", value)}
        found = [record for record in self.cases.values() if record["created_at"] >= query.get("FROM~created_at", 0)]
        return listing(found[query["skip"] : query["skip"] + query["limit"]], len(found))

    def GET_cases_ID(self, asked):
        record = self.cases.get(asked.path.rpartition("/")[2])
        return record and {"data": record}

    def PUT_cases_ID(self, asked):
        record, wanted = self.cases[asked.path.rpartition("/")[2]], json.loads(asked.body)
        record["tags"] = record["tags"] + wanted.pop("tags", {}).get("add", [])
        record.update(wanted, modified_at=record["modified_at"] + 1)
        return {"data": record}


def listing(cases, total):
    return {"data": {"cases": cases, "total": total}}


def params(options, server, **given):
    target = SimpleNamespace(host=server.url, username=None, api_key=KEY, ca_path=None)
    return parameters(options, target, **{"retries": 1, "timeout": 10, "retry_budget": 5, **given})


def not_hidden(text):
    return None


ENTRIES = {
    "stellar_case": lambda server, **more: run_case(
        params(CASE_OPTIONS, server, case_id=ID, severity="High", **more), False, not_hidden
    ),
    "stellar_case_info by id": lambda server, **more: run_case_info(
        params(CASE_INFO, server, case_id=[ID], **more), False, not_hidden
    ),
    "stellar_cases by id": lambda server, **more: run_cases(
        params(CASES, server, cases=[{"case_id": ID, "severity": "High"}], **more), False, not_hidden
    ),
    "stellar_case_info": lambda server, **more: run_case_info(params(CASE_INFO, server, **more), False, not_hidden),
    "stellar_cases": lambda server, **more: run_cases(
        params(CASES, server, rules=TAKE_OVER, **more), False, not_hidden
    ),
    "lookup stellar_cases": lambda server, **more: {"cases": run_lookup(params(LOOKUP, server, **more))["found"]},
}
OF_ONE = ("stellar_case", "stellar_case_info by id", "stellar_cases by id")
OF_MANY = ("stellar_case_info", "stellar_cases", "lookup stellar_cases")


@contextmanager
def attacks():
    """attack(name, entry, {call: answer}, **options) -> (result, message): in time, few requests, fit for JSON."""
    platform = Platform()

    def run(name, entry, said, most_requests=MOST_REQUESTS, longest_s=LONGEST_S, **options):
        platform.said.update(said)
        started, message = time.monotonic(), ""
        try:
            result = ENTRIES[entry](server, **options)
        except StellarError as error:
            result, message = error.to_result(), str(error)
        seconds = time.monotonic() - started
        text = json.dumps(result, ensure_ascii=False, allow_nan=False)
        text.encode("utf-8")
        assert KEY not in text
        assert seconds < longest_s
        assert len(platform.asked) <= most_requests
        for asked in platform.asked:  # nothing of an answer leads anywhere else
            assert re.fullmatch(
                r"/connect/api/v1/(access_token|cases(/[\w-]{1,128}(/(activities|comments))?)?)", asked.path
            )
        # What would be changed is right where max_changes says so.
        is_right = not message or message.startswith("Aborted before the first write")
        outcome = "right result" if is_right else "refused"
        evidence.record("hostile server", case=f"{name}: {entry}", outcome=outcome, seconds=round(seconds, 2))
        return result, message

    with canned.serve(platform) as server:
        run.platform, run.server = platform, server
        yield run


# What a field may hold that no platform gives it, as it stands in the JSON
ODD_VALUES = {
    "a word": '"soon"',
    "a number as text": '"1660835991788"',
    "negative": "-1",
    "fraction": "0.5",
    "1e300": "1e300",
    "beyond a float": "1e999",
    "not a number": "NaN",
    "true": "true",
    "null": "null",
    "a million digits": BIG,
    "thirty digits": "9" * 30,
    "a list": "[[]]",
    "an object": '{"a": 1}',
    "empty text": '""',
}


def json_of(text):
    """An answer that json.dumps() would not write: {"data": ...} with this text as its value."""
    return http(b'{"data": ' + text.encode() + b"}")


def record_with(**texts):
    """A case as JSON in which fields have these texts as values, as they are."""
    fields = [json.dumps(RECORD)[1:-1], *(f'"{name}": {text}' for name, text in texts.items())]
    return "{" + ", ".join(fields) + "}"
