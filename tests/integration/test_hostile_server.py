# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A platform that lies: whatever it answers, the end is a right result or a clear error, soon and in little memory."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import time
import zlib
from functools import lru_cache
from types import SimpleNamespace

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils import _read
from ansible_collections.stellarcyber.xdr.plugins.module_utils._arguments import CASE as CASE_OPTIONS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._arguments import CASE_INFO
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import StellarError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run import run_case, run_case_info, run_lookup
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run_cases import CASES, run_cases
from tests import canned, evidence
from tests.canned import http
from tests.integration.many import TAKE_OVER, case
from tests.integration.playbook import ROOT, parameters

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


def _params(options, server, **given):
    target = SimpleNamespace(host=server.url, username=None, api_key=KEY, ca_path=None)
    return parameters(options, target, **{"retries": 1, "timeout": 10, "retry_budget": 5, **given})


def _secret(text):
    return None


ENTRIES = {
    "stellar_case": lambda server, **more: run_case(
        _params(CASE_OPTIONS, server, case_id=ID, severity="High", **more), False, _secret
    ),
    "stellar_case_info by id": lambda server, **more: run_case_info(
        _params(CASE_INFO, server, case_id=[ID], **more), False, _secret
    ),
    "stellar_cases by id": lambda server, **more: run_cases(
        _params(CASES, server, cases=[{"case_id": ID, "severity": "High"}], **more), False, _secret
    ),
    "stellar_case_info": lambda server, **more: run_case_info(_params(CASE_INFO, server, **more), False, _secret),
    "stellar_cases": lambda server, **more: run_cases(_params(CASES, server, rules=TAKE_OVER, **more), False, _secret),
    "lookup stellar_cases": lambda server, **more: {"cases": run_lookup([], _params(CASE_INFO, server, **more))[0]},
}
OF_ONE = ("stellar_case", "stellar_case_info by id", "stellar_cases by id")
OF_MANY = ("stellar_case_info", "stellar_cases", "lookup stellar_cases")


@pytest.fixture
def attack():
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
        is_right = not message or message.startswith("Refused to begin")
        outcome = "right result" if is_right else "refused"
        evidence.record("hostile server", case=f"{name}: {entry}", outcome=outcome, seconds=round(seconds, 2))
        return result, message

    with canned.serve(platform) as server:
        run.platform, run.server = platform, server
        yield run


def json_of(text):
    """An answer that json.dumps() would not write: {"data": ...} with this text as its value."""
    return http(b'{"data": ' + text.encode() + b"}")


def record_with(**texts):
    """A case as JSON in which fields have these texts as values, as they are."""
    fields = [json.dumps(RECORD)[1:-1], *(f'"{name}": {text}' for name, text in texts.items())]
    return "{" + ", ".join(fields) + "}"


# -- one case -------------------------------------------------------------------------------------------------

OTHER_IDS = {
    "a path": "../users",
    "an encoded path": "..%2fusers",
    "a query": f"{ID}?x=1",
    "a fragment": f"{ID}#x",
    "a blank": "a b",
    "a NUL": f"{ID}\0",
    "a line break": f"{ID}\r\nHost: evil.example.com",
    "1 MiB": "x" * MIB,
    "another case": case(2)["_id"],
    "upper case": ID.upper().replace("0", "A"),
    "nothing": "",
    "null": None,
    "a number": 7,
    "a list": [ID],
}


@pytest.mark.parametrize("entry", OF_ONE)
@pytest.mark.parametrize("id_", OTHER_IDS)
def test_an_id_that_is_not_the_one_asked_for(attack, entry, id_):
    said = {"GET cases/ID": {"data": {**RECORD, "_id": OTHER_IDS[id_]}}}
    result, message = attack(f"id is {id_}", entry, said)
    text = message + json.dumps(result.get("case_results", ""))
    assert "the platform's answer does not hold this case." in text
    assert not [asked for asked in attack.platform.asked if asked.method == "PUT"]


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
NUMBERS = ("created_at", "modified_at", "ticket_id", "score", "size", "closed")


@pytest.mark.parametrize("entry", OF_ONE)
@pytest.mark.parametrize("value", ODD_VALUES)
def test_numbers_that_are_none(attack, entry, value):
    record = record_with(**dict.fromkeys(NUMBERS, ODD_VALUES[value]))
    result, message = attack(f"numbers are {value}", entry, {"GET cases/ID": json_of(record), "PUT cases/ID": b""})
    assert message == "" or "Could not" in message
    if entry == "stellar_case_info by id":
        assert result["count"] == 1


@pytest.mark.parametrize("value", ODD_VALUES)
def test_a_guard_against_a_time_that_is_none(attack, value):
    said = {"GET cases/ID": json_of(record_with(modified_at=ODD_VALUES[value]))}
    _result, message = attack(f"modified_at is {value}", "stellar_case", said, if_modified_at=1660835991788)
    changed = {"negative": "", "thirty digits": "changed it at"}
    assert changed.get(value, "the platform does not say when it was changed") in message
    assert bool(message) is (value != "negative")


ODD_CASES = {
    "10,000 tags": (json.dumps({**RECORD, "tags": [f"tag {number}" for number in range(10_000)]}), ""),
    "the same tag 10,000 times": (json.dumps({**RECORD, "tags": ["tag"] * 10_000}), ""),
    "a name of 1 MiB": (json.dumps({**RECORD, "name": "x" * MIB}), ""),
    "a field of a million digits": (record_with(more=BIG), ""),
    "keys twice": (record_with(severity='"Medium"', _id=f'"{ID}"'), ""),
    "keys twice, the last of another case": (record_with(_id='"x"'), "does not hold this case"),
    "nested 90 deep": (record_with(more="[" * 90 + "]" * 90), ""),
    "nested 200 deep": (record_with(more="[" * 200 + "]" * 200), "is nested too deeply"),
    "nested 100,000 deep": (record_with(more="[" * 100_000 + "]" * 100_000), "is nested too deeply"),
    "objects 900 deep": (record_with(more='{"a":' * 900 + "1" + "}" * 900), "is nested too deeply"),
    "a million empty lists": (record_with(more="[" + "[]," * 10**6 + "0]"), "has too many values"),
    "larger than 16 MiB": (record_with(more='"' + "x" * 17 * MIB + '"'), "is larger than 16 MiB"),
    "tags that are no list": (record_with(tags='"a"'), "does not hold this case"),
    "tags that are no texts": (record_with(tags="[null]"), "does not hold this case"),
    "a list": ("[" + json.dumps(RECORD) + "]", "does not hold this case"),
    "null": ("null", "does not hold this case"),
    "a text": ('"x"', "does not hold this case"),
}


@pytest.mark.parametrize("entry", OF_ONE)
@pytest.mark.parametrize("kind", ODD_CASES)
def test_a_case_that_is_odd(attack, entry, kind):
    record, error = ODD_CASES[kind]
    result, message = attack(f"a case: {kind}", entry, {"GET cases/ID": json_of(record)})
    if error:
        assert error in message + json.dumps(result.get("case_results", ""))
    elif entry == "stellar_case":
        assert result["changed"] is True
        assert attack.platform.cases[ID]["severity"] == "High"
    else:
        assert message == ""


ODD_ANSWERS = {
    "of another case": {"data": {**RECORD, "_id": case(2)["_id"], "severity": "High"}},
    "of a path": {"data": {**RECORD, "_id": "../users", "severity": "High"}},
    "that is no case": {"data": [1]},
    "that is deep": json_of("[" * 10**5 + "]" * 10**5),
    "that is too large": json_of('"' + "x" * 17 * MIB + '"'),
    "that is no JSON": http(b"<html>"),
    "with a bad packing": http(b"x", Content_Encoding="gzip"),
}


@pytest.mark.parametrize("entry", ["stellar_case", "stellar_cases by id"])
@pytest.mark.parametrize("kind", ODD_ANSWERS)
def test_an_answer_to_a_write_that_tells_nothing(attack, entry, kind):
    """The write was done, and a read shows it."""
    platform = attack.platform

    def put(asked):
        platform.PUT_cases_ID(asked)
        return ODD_ANSWERS[kind]

    result, message = attack(f"an answer to a write {kind}", entry, {"PUT cases/ID": put})
    assert (result["changed"], message) == (True, "")
    assert platform.cases[ID]["severity"] == "High"
    assert len([asked for asked in platform.asked if asked.method == "PUT"]) == 1


def test_an_answer_to_a_write_that_claims_what_was_not_done(attack):
    """The answer of another case is no proof: a read shows that the write was not done."""
    said = {"PUT cases/ID": {"data": {**RECORD, "_id": case(2)["_id"], "severity": "High"}}}
    _result, message = attack("an answer to a write that was not done", "stellar_case", said)
    assert "the platform accepted the write, but the case does not show it: severity" in message


# What comments and a history hold beside what is known of them, as a value of any type
ODD_FIELDS = {
    "a text": "2026-01-01T00:00:00Z",
    "a list": [1],
    "an object": {"name": "x"},
    "objects": [{"name": "x"}],
    "true": True,
    "null": None,
    "a fraction": 1.5,
}


def beside_the_case(platform, part, said):
    """The answer to GET cases/ID/part is this; the case itself is as it is."""

    def get(asked):
        return {"data": said} if asked.path.endswith(f"/{part}") else platform.GET_cases_ID(asked)

    return get


def comments_kept(platform, comment):
    """A platform that keeps each comment as comment(text) says, and never answers to it."""
    kept = [7]

    def post(asked):
        kept.append(comment(json.loads(asked.body)["comment"]))
        return b""

    return {"GET cases/ID": beside_the_case(platform, "comments", kept), "POST cases/ID": post}


def posts(platform):
    return [asked for asked in platform.asked if asked.method == "POST" and asked.path.endswith("/comments")]


@pytest.mark.parametrize("value", ODD_FIELDS)
def test_a_comment_whose_time_cannot_be_read(attack, value):
    """No answer to the comment tells whether it arrived, and its time not whether it is of this run."""
    said = comments_kept(attack.platform, lambda text: {"comment": text, "created_at": ODD_FIELDS[value]})
    result, message = attack(f"created_at of a comment is {value}", "stellar_case", said, comment="Seen")
    assert "Could not post the comment" in message
    assert "could not be seen" in message
    assert "Look whether it is there" in message
    assert result["changed"] is True
    assert len(posts(attack.platform)) == 1


@pytest.mark.parametrize(
    ("name", "stored", "created_at"),
    [
        ("as it was sent", lambda text: text, lambda ms: ms),
        ("without the line break at its end", str.strip, lambda ms: ms),
        ("with a time of whole seconds", lambda text: text, lambda ms: ms // 1000 * 1000),
    ],
)
def test_a_comment_that_is_kept_in_another_form(attack, name, stored, created_at):
    platform = attack.platform
    platform.cases[ID]["modified_at"] += 500 - platform.cases[ID]["modified_at"] % 1000
    said = comments_kept(
        platform,
        lambda text: {"comment": stored(text), "created_at": created_at(platform.cases[ID]["modified_at"])},
    )
    result, message = attack(f"a comment is kept {name}", "stellar_case", said, comment="Seen\n")
    assert message == ""
    assert result["changed"] is True
    assert len(posts(platform)) == 1


def test_tags_that_are_ignored_by_a_platform_that_leaves_out_none(attack):
    """A case without tags has no key tags, neither before nor after."""
    platform = attack.platform
    platform.cases[ID].pop("tags")

    def put(asked):
        platform.cases[ID].update(severity="High", modified_at=RECORD["modified_at"] + 1)
        return {"data": platform.cases[ID]}

    said = {"PUT cases/ID": put, "GET cases/ID": beside_the_case(platform, "activities", [])}
    _result, message = attack("no tags, and no key for them", "stellar_case", said, tags={"add": ["x"]})
    assert "the platform accepted the write, but the case does not show it: tags" in message


@pytest.mark.parametrize("place", ["to", "from", "timestamp", "field", "user"])
@pytest.mark.parametrize("value", ODD_FIELDS)
def test_a_history_of_another_form(attack, value, place):
    """Somebody takes the tag away at once, so that the history is asked whether it was ever there."""
    platform = attack.platform

    def put(asked):
        platform.PUT_cases_ID(asked)
        platform.cases[ID]["tags"] = ["b"]
        return b""

    change = {"field": "tags", "timestamp": RECORD["modified_at"] + 1, "from": [], "to": ["x"], "user": "jo"}
    history = [7, {**change, place: ODD_FIELDS[value]}, {**change, "timestamp": change["timestamp"] + 1, "to": ["b"]}]
    said = {"GET cases/ID": beside_the_case(platform, "activities", history), "PUT cases/ID": put}
    name = f"{place} of a history is {value}"
    result, message = attack(name, "stellar_case", said, tags={"add": ["x"]})
    assert platform.cases[ID]["severity"] == "High"
    assert result["changed"] is True
    # What can't be read is no proof that the tag was ever there.
    is_proof = place in ("from", "user")
    assert ("Whether the case was changed is unclear" in message) is not is_proof
    assert [asked for asked in platform.asked if asked.path.endswith("/activities")]


# -- lists ------------------------------------------------------------------------------------------------------


def growing(platform):
    def page(asked):
        return listing(list(platform.cases.values()), len(platform.asked) * 1000)

    return page


def fixed(cases, total):
    return lambda platform: lambda asked: listing(cases, total)


def with_field(name, value):
    """All cases, with this text as the value of a field."""

    def answer(platform):
        cases = ",".join(json.dumps(record)[:-1] + f', "{name}": {value}}}' for record in map(case, range(1, 5)))
        return lambda asked: json_of(f'{{"cases": [{cases}], "total": 4}}')

    return answer


FOUR = [case(number) for number in range(1, 5)]
MANY = [case(number) for number in range(1, 5001)]
CUT = "Could not list all cases: the platform announces"
NO_LIST = "does not hold a list of cases"

# Each with the error, or the number of cases that are found
LISTS = {
    "a total that grows for ever": (growing, CUT),
    "the same page for ever": (fixed(FOUR, 9999), CUT),
    "the same page for ever, without a total": (fixed(FOUR, None), CUT),
    "a total of 0": (fixed(FOUR, 0), 4),
    "a negative total": (fixed(FOUR, -5), 4),
    "a total that is a text": (fixed(FOUR, "many"), CUT),
    "a total that is true": (fixed(FOUR, True), 4),
    "a total of thirty digits": (fixed(FOUR, 10**30), CUT),
    "a page of 5000": (fixed(MANY, 5000), 5000),
    "a page of 5000 with a total of 5": (fixed(MANY, 5), 5000),
    "each case twice": (fixed(FOUR * 2, 8), CUT),
    "each case twice, with the right total": (fixed(FOUR * 2, 4), 4),
    "in falling order": (fixed(FOUR[::-1], 4), 4),
    "an id with a path": (fixed([{**RECORD, "_id": "../users"}], 1), NO_LIST),
    "an id of 1 MiB": (fixed([{**RECORD, "_id": "x" * MIB}], 1), NO_LIST),
    "an id that is a number": (fixed([{**RECORD, "_id": 5}], 1), NO_LIST),
    "cases that are none": (fixed([5, None], 2), NO_LIST),
    "an object of cases": (fixed({"0": RECORD}, 1), NO_LIST),
    "null": (lambda platform: {"data": None}, NO_LIST),
    "a list": (lambda platform: {"data": [1]}, NO_LIST),
    "a case with 10,000 tags": (fixed([{**RECORD, "tags": [f"t{number}" for number in range(10_000)]}], 1), 1),
    "a deep page": (lambda platform: json_of("[" * 5000 + "]" * 5000), "is nested too deeply"),
    "a page of 17 MiB": (lambda platform: json_of('"' + "x" * 17 * MIB + '"'), "is larger than 16 MiB"),
    **{f"created_at is {value}": (with_field("created_at", ODD_VALUES[value]), 4) for value in ODD_VALUES},
    **{f"score is {value}": (with_field("score", ODD_VALUES[value]), 4) for value in ODD_VALUES},
    **{f"modified_at is {value}": (with_field("modified_at", ODD_VALUES[value]), 4) for value in ODD_VALUES},
}


@pytest.mark.parametrize("entry", OF_MANY)
@pytest.mark.parametrize("kind", LISTS)
def test_a_list_that_is_odd(attack, entry, kind):
    answer, expected = LISTS[kind]
    said = {"GET cases": answer(attack.platform), "PUT cases/ID": {"data": {}}}
    many = expected == 5000 and entry == "stellar_cases"
    options = {"max_changes": "0"} if entry == "stellar_cases" else {}
    result, message = attack(f"a list: {kind}", entry, said, longest_s=LONGEST_S * (2 if many else 1), **options)
    if isinstance(expected, str):
        assert expected in message
    elif entry == "stellar_cases":
        assert message.startswith(f"Refused to begin: {expected} case{'s' * (expected != 1)} would be changed")
    else:
        assert len(result["cases"]) == expected


@pytest.mark.parametrize("entry", OF_MANY)
@pytest.mark.parametrize("way", ["by time", "by offset", "without an order"])
def test_a_list_without_end(attack, monkeypatch, entry, way):
    """Always another page of new cases. What ends it is the limit of cases, here a lower one."""
    monkeypatch.setattr(_read, "MAX_CASES", 5000)
    count = iter(range(10**9))

    def page(asked):
        numbers = [next(count) for _number in range(500)]
        moments = {"by time": 1000, "by offset": 0, "without an order": -1}
        return listing([case(number, created_at=10**12 + number * moments[way]) for number in numbers], None)

    result, message = attack(f"a list without end {way}", entry, {"GET cases": page})
    assert "Could not list all cases: the platform lists more than 5000, and there is no end to be seen." in message
    assert "cases" not in result


def test_a_list_without_end_is_no_matter_where_a_limit_is_given(attack):
    count = iter(range(10**9))

    def page(asked):
        return listing([case(next(count)) for _number in range(500)], None)

    result, message = attack("a list without end, with a limit", "stellar_case_info", {"GET cases": page}, limit=700)
    assert (len(result["cases"]), result["truncated"], message) == (700, True, "")


def test_a_list_without_end_keeps_to_the_time_budget(attack):
    count = iter(range(10**9))

    def page(asked):
        time.sleep(0.3)
        return listing([case(next(count)) for _number in range(500)], None)

    _result, message = attack("a list without end, in time", "stellar_cases", {"GET cases": page}, time_budget=1)
    assert "Could not read all cases: the time_budget of the task is used up. Nothing was written." in message


def test_alerts_without_end(attack, monkeypatch):
    monkeypatch.setattr(_read, "MAX_ALERTS", 500)
    count = iter(range(10**9))
    sane = attack.platform.GET_cases_ID

    def answer(asked):
        if not asked.path.endswith("/alerts"):
            return sane(asked)
        return {"data": {"docs": [{"_id": str(next(count))} for _number in range(50)]}}

    platform, entry = attack.platform, "stellar_case_info by id"
    platform.said["GET cases/ID"] = answer
    result = run_case_info(_params(CASE_INFO, attack.server, case_id=[ID], include=["alerts"]), False, _secret)
    assert "the platform lists more than 500, and there is no end to be seen." in result["warnings"][0]
    assert result["cases"][0]["alerts"] is None
    assert len(platform.asked) < 20
    evidence.record("hostile server", case=f"alerts without end: {entry}", outcome="refused", seconds=None)


# -- tokens --------------------------------------------------------------------------------------------------------


def jwt(exp_text):
    parts = [b'{"alg":"HS256"}', b'{"exp":' + exp_text.encode() + b"}", b"signature"]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


EXPIRIES = {
    "past": "1",
    "in ms": str((int(time.time()) + 600) * 1000),
    "in microseconds": str((int(time.time()) + 600) * 10**6),
    "absent": None,
    "null": "null",
    "negative": "-5",
    "zero": "0",
    "a text": '"soon"',
    "true": "true",
    "a list": "[1]",
    "NaN": "NaN",
    "infinite": "Infinity",
    "1e308": "1e308",
    "1e999": "1e999",
    "-1e308": "-1e308",
    "400 digits": "9" * 400,
    "4000 digits": "9" * 4000,
    "nested": "[" * 2000 + "]" * 2000,
}


@pytest.mark.parametrize("where", ["beside the token", "in the token"])
@pytest.mark.parametrize("exp", EXPIRIES)
def test_any_expiry(attack, where, exp):
    text = EXPIRIES[exp]
    if where == "in the token":
        answer = http({"access_token": jwt(text or "null")})
    else:
        answer = http(
            b'{"access_token": "token-of-a-platform"' + (b"" if text is None else b', "exp": ' + text.encode()) + b"}"
        )
    result, message = attack(f"expiry {where}: {exp}", "stellar_case", {"POST access_token": answer})
    if (where, exp) == ("beside the token", "nested"):
        assert "is nested too deeply" in message
        return
    assert (result["changed"], message) == (True, "")
    assert [asked.method for asked in attack.platform.asked] == ["POST", "GET", "PUT"]


@pytest.mark.parametrize("lifetime", [0.001, 0.2, 1])
def test_tokens_that_die_at_once(attack, lifetime):
    """At most one exchange for each call, however many threads ask."""
    platform = attack.platform
    platform.cases = {record["_id"]: record for record in map(case, range(1, 41))}
    said = {"POST access_token": lambda asked: {"access_token": "token-of-a-platform", "exp": time.time() + lifetime}}
    result, message = attack(f"tokens that live {lifetime} s", "stellar_cases", said, most_requests=120, concurrency=8)
    calls = [asked for asked in platform.asked if not asked.path.endswith("access_token")]
    assert (result["counts"]["changed"], message) == (40, "")
    assert len(platform.asked) - len(calls) <= len(calls) + 1


@pytest.mark.parametrize("entry", ["stellar_case", "stellar_cases"])
def test_a_token_that_is_always_refused(attack, entry):
    _result, message = attack("a token that is always refused", entry, {"GET cases/ID": http(status=401),
                                                                        "GET cases": http(status=401)})  # fmt: skip
    assert "A new token was refused as well" in message
    assert len(attack.platform.asked) == 4


ODD_TOKENS = {
    "a line break": "a-token-and\r\nHost: evil.example.com",
    "unicode": "t\u00f6ken\u202e" * 5,
    "a word of the result": "High",
    "1 MiB": "x" * MIB,
    "NUL": "a-token-and-a\0b",
    "a list": ["a"],
    "a number": 1,
    "null": None,
    "empty": "",
}


@pytest.mark.parametrize("kind", ODD_TOKENS)
def test_a_token_that_is_none(attack, kind):
    said = {"POST access_token": {"access_token": ODD_TOKENS[kind]}}
    _result, message = attack(f"a token that is {kind}", "stellar_case", said)
    assert "the answer holds no access_token" in message
    assert len(attack.platform.asked) == 1


# -- headers ---------------------------------------------------------------------------------------------------------

ODD_HEADERS = {
    "Date of the year 99999999999": http(Date="Tue, 15 Nov 99999999999 08:12:31 GMT"),
    "Date of 5000 digits": http(Date="9" * 5000),
    "Date of the year 1": http(Date="Mon, 01 Jan 0001 00:00:00 +2300"),
    "101 headers": http(**{f"X{number}": "x" for number in range(101)}),
    "a header of 70,000 characters": http(X="x" * 70_000),
    "Content-Length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}",
    "a length of thirty digits": b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\n{}",
    "an endless chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 100 + b"\r\n{}",
    "a line without a colon": b"HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 2\r\n\r\n{}",
    "a status of thirty digits": b"HTTP/1.1 " + b"9" * 30 + b" OK\r\n\r\n{}",
    "status 000": b"HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n",
    "status 999": b"HTTP/1.1 999 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/9.9": b"HTTP/9.9 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "bytes of a picture": bytes(range(256)) * 10,
}


@pytest.mark.parametrize("kind", ODD_HEADERS)
def test_headers_that_are_odd(attack, kind):
    _result, message = attack(f"headers: {kind}", "stellar_case", {"GET cases/ID": lambda asked: ODD_HEADERS[kind]},
                              timeout=1, retries=0)  # fmt: skip
    assert message.startswith(f"Could not read case {ID}")


RETRY_AFTER = ["-1", "1e999", "9" * 5000, "\xb2", "Tue, 15 Nov 99999999999 08:12:31 GMT"]


@pytest.mark.parametrize("value", RETRY_AFTER)
def test_a_mad_retry_after(attack, value):
    said = {"GET cases/ID": http(status=429, Retry_After=value)}
    _result, message = attack(f"Retry-After: {value[:30]}", "stellar_case", said, retry_budget=0.6)
    assert "HTTP 429" in message


def test_a_redirect_with_the_key_and_colours(attack):
    said = {
        "GET cases/ID": http(status=302, Location=f"https://evil.example.com/?key={KEY}&t=token-of-a-platform\x1b[31m")
    }
    _result, message = attack("a redirect with the key and colours", "stellar_case", said)
    assert "redirects to https://evil.example.com/?key=********&t=******** [31m, and a key" in message


# -- memory ----------------------------------------------------------------------------------------------------------

# Runs in a process of its own, so that what it takes is what the client takes.
ASK = """
import json, sys, threading
from ansible_collections.stellarcyber.xdr.plugins.module_utils._client import Client
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import StellarError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._options import Connection

def peak_kib():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

url, calls = sys.argv[1], int(sys.argv[2])
link = Connection(base_url=url, username="", api_key="", access_token="token", auth_method="bearer", tenant="",
                  api_version="5.0", verify=True, proxy="", timeout=60.0, retries=0, retry_budget=0.0)
messages = []

def ask():
    try:
        client.get("cases")
        messages.append("")
    except StellarError as error:
        messages.append(str(error))

with Client(link) as client:
    client.throttle.allow(calls)
    before = peak_kib()
    threads = [threading.Thread(target=ask) for number in range(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print(json.dumps({"mib": (peak_kib() - before) / 1024, "messages": messages}))
"""


def repeated(text, times=1):
    """A text so many times, in gzip, without all of it in memory."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    at_once = min(times, MIB)
    return b"".join([*(packer.compress(text * at_once) for _number in range(times // at_once)), packer.flush()])


@lru_cache
def blanks():
    return repeated(b" ", 256 * MIB)


def endless(start, piece):
    def answer(asked):
        yield start
        while True:
            yield piece

    return answer


def packed(body):
    return http(body if body.startswith(b"\x1f\x8b") else repeated(body, 1), Content_Encoding="gzip")


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
# calls at once, answer, MiB, words of the error
BOMBS = {
    "256 MiB of blanks in gzip": (1, lambda: packed(blanks()), 80, "is larger than 16 MiB"),
    "8 at once": (8, lambda: packed(blanks()), 450, "is larger than 16 MiB"),
    "16 MiB of empty lists": (1, lambda: packed(b"[" + b"[]," * (5 * MIB) + b"0]"), 80, "has too many values"),
    "a million objects": (1, lambda: packed(b"[" + b"{}," * 499_000 + b"0]"), 120, "is no JSON object"),
    "16 MiB of brackets": (1, lambda: packed(b"[" * (15 * MIB)), 80, "has too many values"),
    "one character of four bytes": (
        1,
        lambda: packed(b'["' + "\U0001f600".encode() + b"x" * (15 * MIB) + b'"]'),
        220,
        "is no JSON object",
    ),
    "an error with 256 MiB in gzip": (1, lambda: http(blanks(), 500, Content_Encoding="gzip"), 30, "HTTP 500"),
    "a redirect with 256 MiB in gzip": (
        1,
        lambda: http(blanks(), 302, Content_Encoding="gzip", Location="/x"),
        30,
        "HTTP 302 redirects to /x",
    ),
    "a body without end": (1, lambda: endless(b"HTTP/1.1 200 OK\r\n\r\n", b" " * MIB), 80, "is larger than 16 MiB"),
    "an error without end": (1, lambda: endless(b"HTTP/1.1 500 No\r\n\r\n", b" " * MIB), 30, "HTTP 500"),
    "a line without end": (1, lambda: endless(b"HTTP/1.1 200 ", b"x" * MIB), 30, "no answer"),
    "headers without end": (1, lambda: endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * MIB), 30, "no answer"),
    "announcements without end": (1, lambda: endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 9999), 30, "larger"),
    "the size of a chunk without end": (1, lambda: endless(CHUNKED, b"0" * MIB), 30, "chunk size"),
    "trailers without end": (1, lambda: endless(CHUNKED + b"0\r\n", b"X: y\r\n" * 9999), 30, "is larger than 16"),
}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("kind", BOMBS)
def test_memory(kind):
    calls, make, most_mib, words = BOMBS[kind]
    answer = make()
    with canned.serve(answer if callable(answer) else lambda asked: answer) as server:
        started = time.monotonic()
        process = subprocess.run(
            [sys.executable, "-c", ASK, server.url, str(calls)],
            cwd=ROOT, capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
        seconds = time.monotonic() - started
    assert process.returncode == 0, process.stderr
    said = json.loads(process.stdout)
    assert len(said["messages"]) == calls
    assert all(words in message for message in said["messages"]), said
    assert said["mib"] < most_mib
    evidence.record(
        "hostile server",
        case=f"memory: {kind}",
        outcome="refused",
        seconds=round(seconds, 2),
        peak_mib=round(said["mib"], 1),
    )
