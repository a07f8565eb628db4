# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan that is saved to be approved, and applied later: exactly these changes of these cases.

It is JSON that two people can compare: sorted, with each field before and after as people read it. set has what is
written, match what the case must still have for that.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

from .case import RESOLUTIONS, SEVERITIES, STATUSES, modified_at, tag_problem, tags
from .comment import Comment
from .concurrent_changes import shown_value
from .directory import Person
from .plan import Change, DesiredState, Plan, TagChange
from .undo import MATCHED_FIELDS, has_value

FORMAT = 1
CHECKSUM = "sha256"
_CHOICES = {"status": STATUSES, "severity": SEVERITIES, "resolution": RESOLUTIONS}
# A description is not one of them: hardly a case shows it, so that none would be known to be as planned.
_TEXTS = MATCHED_FIELDS


@dataclass(frozen=True)
class SavedCase:
    """The planned changes of one case.

    summary: what its result says of it. match: values of MATCHED_FIELDS that the case must have to be changed. before
    and after: of the fields that change, as people read them. modified_at: in ms, when the plan was made; None if not
    known.
    """

    summary: dict[str, Any]
    rules: tuple[str, ...]
    desired: DesiredState
    match: Mapping[str, str]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    modified_at: int | None

    @property
    def case_id(self) -> str:
        return str(self.summary["case_id"])

    @property
    def plan(self) -> Plan:
        """Return what was planned, for a result to show."""
        changes = [Change(name, self.before[name], value) for name, value in self.after.items()]
        return Plan(self.desired, dict(self.before), dict(self.after), changes)

    def differing(self, case: dict[str, Any]) -> list[str]:
        """Return the planned fields in which a case is not as it was when the plan was made.

        Of its tags those of the plan count: others may come and go.
        """
        fields = [name for name, value in self.match.items() if not has_value(case, name, value)]
        return [*fields, "tags"] if self.moved_tags(case) else fields

    def moved_tags(self, case: dict[str, Any]) -> set[str]:
        """Return the tags of the plan that a case has or lacks other than when the plan was made."""
        wanted = self.desired.tags or TagChange()
        return set(wanted.add) & set(tags(case)) | set(wanted.remove) - set(tags(case))


def entry_of(summary: Mapping[str, Any], case: dict[str, Any], plan: Plan, rules: Sequence[str]) -> dict[str, Any]:
    """Return the entry of a case in a saved plan. summary: what its result says of it. case: as it was read."""
    written: dict[str, Any] = {name: plan.payload[name] for name in (*_TEXTS, "update_alerts") if name in plan.payload}
    if "tags" in plan.payload:
        sent = plan.payload["tags"]
        written["tags"] = {"add": list(sent.get("add", ())), "remove": list(sent.get("delete", ()))}
    fields = [change.field for change in plan.changes]
    return {
        **summary,
        "rules": list(rules),
        "modified_at": modified_at(case),
        "before": {name: plan.before[name] for name in fields},
        "after": {name: plan.after[name] for name in fields},
        "match": {name: _raw(case, name) for name in MATCHED_FIELDS if name in written},
        "set": written,
        "comments": [vars(comment) for comment in plan.desired.comments] if "comment" in fields else [],
    }


def _raw(case: dict[str, Any], name: str) -> str:
    """Return the value of a field by which has_value() knows it again."""
    value = case.get(name) if name == "assignee" else shown_value(case, name)
    return str(value or "")


def make_content(header: Mapping[str, Any], cases: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the content of the file of a plan, with its checksum."""

    def order(case: Mapping[str, Any]) -> tuple[str, int, str]:
        ticket = case.get("ticket_id")
        return str(case.get("tenant")), ticket if isinstance(ticket, int) else 0, str(case["case_id"])

    content = {"plan": FORMAT, **header, "cases": sorted((dict(case) for case in cases), key=order)}
    return {**content, CHECKSUM: checksum(content)}


def checksum(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a content, whatever the order and the spaces in its file are."""
    covered = {name: value for name, value in content.items() if name != CHECKSUM}
    return digest(covered)


def digest(value: Any) -> str:
    """Return the SHA-256 of a value as JSON."""
    # A value of another type, such as a date of YAML, as text
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def parse_cases(content: Mapping[str, Any]) -> list[SavedCase]:
    """Return the cases of a plan. Raises ValueError that says which entry is not one that entry_of() makes."""
    entries = content.get("cases")
    if not isinstance(entries, list):
        raise ValueError("cases must be a list")
    cases: list[SavedCase] = []
    for number, entry in enumerate(entries, 1):
        try:
            # Half of a character can't be sent. Its error is a ValueError.
            json.dumps(entry, ensure_ascii=False).encode()
            cases.append(_parse(entry))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"case {number}: {error}") from None
    if len({case.case_id for case in cases}) < len(cases):
        raise ValueError("a case is in it twice")
    return cases


def _parse(entry: Any) -> SavedCase:
    if not isinstance(entry, dict) or not isinstance(entry["case_id"], str):
        raise ValueError("it has no case_id")
    written = _dictionary(entry, "set")
    if not written:
        raise ValueError("it sets nothing")
    unknown = set(written) - {*_TEXTS, "tags", "update_alerts"}
    if unknown:
        raise ValueError(f"set has the key {min(unknown)}")
    for name in _TEXTS:
        value = written.get(name)
        if name in written and (not isinstance(value, str) or value not in _CHOICES.get(name, (value,))):
            raise ValueError(f"set.{name} is not valid")
        if value is not None and not value.strip() and (value or name != "assignee"):
            raise ValueError(f"set.{name} is empty")
    if written.get("update_alerts") not in (None, True, False):
        raise ValueError("set.update_alerts is not valid")
    match = _dictionary(entry, "match")
    if set(match) != {name for name in MATCHED_FIELDS if name in written} or not _are_texts(match.values()):
        raise ValueError("match does not fit set")
    before, after = _dictionary(entry, "before"), _dictionary(entry, "after")
    if set(before) != set(after):
        raise ValueError("before does not fit after")
    summary = {name: entry.get(name) for name in ("case_id", "ticket_id", "name", "tenant", "status", "severity")}
    return SavedCase(
        summary,
        tuple(_texts(entry, "rules")),
        DesiredState(
            **{name: written.get(name) for name in _TEXTS if name != "assignee"},
            assignee=None if written.get("assignee") is None else Person(written["assignee"]),
            tags=_tag_change(written),
            update_alerts=written.get("update_alerts"),
            comments=tuple(_comment(comment) for comment in entry["comments"]),
        ),
        match,
        before,
        after,
        modified_at(entry),
    )


def _tag_change(written: Mapping[str, Any]) -> TagChange | None:
    if "tags" not in written:
        return None
    change = _dictionary(written, "tags")
    for tag in _texts(change, "add"):
        if problem := tag_problem(tag):
            raise ValueError(f"a tag to add {problem}")
    return TagChange(tuple(_texts(change, "add")), tuple(_texts(change, "remove")))


def _comment(given: Any) -> Comment:
    if not isinstance(given, dict) or not _are_texts((given["text"], given["marker"])):
        raise ValueError("a comment is not valid")
    if not given["text"].strip():
        raise ValueError("a comment is empty")
    return Comment(given["text"], given["marker"])


def _dictionary(entry: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = entry[name]
    if not isinstance(value, dict):
        raise ValueError(f"{name} must be a dictionary")
    return value


def _texts(entry: Mapping[str, Any], name: str) -> list[str]:
    value = entry[name]
    if not isinstance(value, list) or not _are_texts(value):
        raise ValueError(f"{name} must be a list of strings")
    return value


def _are_texts(values: Any) -> bool:
    return all(isinstance(value, str) for value in values)
