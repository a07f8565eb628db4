# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A platform that lies about one case, its comments and its history: a right result or a clear error, and soon."""

from __future__ import annotations

import json

import pytest

from tests.canned import http
from tests.integration.hostile_platform import (
    BIG,
    ID,
    MIB,
    ODD_VALUES,
    OF_ONE,
    RECORD,
    json_of,
    record_with,
)
from tests.integration.many import case

pytestmark = pytest.mark.slow

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
    assert "the platform's answer does not contain this case." in text
    assert not [asked for asked in attack.platform.asked if asked.method == "PUT"]


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
    _result, message = attack(f"modified_at is {value}", "stellar_case", said, if_unmodified_since=1660835991788)
    changed = {"negative": "", "a number as text": "", "thirty digits": "changed it at"}
    assert changed.get(value, "the platform does not say when it was changed") in message
    assert bool(message) is (value not in ("negative", "a number as text"))


ODD_CASES = {
    "10,000 tags": (json.dumps({**RECORD, "tags": [f"tag {number}" for number in range(10_000)]}), ""),
    "the same tag 10,000 times": (json.dumps({**RECORD, "tags": ["tag"] * 10_000}), ""),
    "a name of 1 MiB": (json.dumps({**RECORD, "name": "x" * MIB}), ""),
    "a field of a million digits": (record_with(more=BIG), ""),
    "keys twice": (record_with(severity='"Medium"', _id=f'"{ID}"'), ""),
    "keys twice, the last of another case": (record_with(_id='"x"'), "does not contain this case"),
    "nested 90 deep": (record_with(more="[" * 90 + "]" * 90), ""),
    "nested 200 deep": (record_with(more="[" * 200 + "]" * 200), "is nested too deeply"),
    "nested 100,000 deep": (record_with(more="[" * 100_000 + "]" * 100_000), "is nested too deeply"),
    "objects 900 deep": (record_with(more='{"a":' * 900 + "1" + "}" * 900), "is nested too deeply"),
    "a million empty lists": (record_with(more="[" + "[]," * 10**6 + "0]"), "has too many values"),
    "larger than 16 MiB": (record_with(more='"' + "x" * 17 * MIB + '"'), "is larger than 16 MiB"),
    "tags that are no list": (record_with(tags='"a"'), "does not contain this case"),
    "tags that are no texts": (record_with(tags="[null]"), "does not contain this case"),
    "a list": ("[" + json.dumps(RECORD) + "]", "does not contain this case"),
    "null": ("null", "does not contain this case"),
    "a text": ('"x"', "does not contain this case"),
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
    assert "It is unknown whether the write was made" in message
    assert "Check whether it is there" in message
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
    assert ("It is unknown whether the case was changed" in message) is not is_proof
    assert [asked for asked in platform.asked if asked.path.endswith("/activities")]
