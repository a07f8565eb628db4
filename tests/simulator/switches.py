# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that the platform's documentation leaves open, and everything that differs by release, as switches.

A profile (a platform generation) is nothing but a set of defaults for these switches. The `section` of a switch
is the section of the API notes that this simulator was written from; the README prints the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

PROFILES = ("5.0", "5.2", "5.5", "7.0")
DEFAULT_PROFILE = "5.5"


@dataclass(frozen=True)
class Switch:
    name: str
    default: Any
    doc: str
    section: str
    choices: tuple[str, ...] = ()
    profiles: dict[str, Any] = field(default_factory=dict)

    @property
    def type_name(self) -> str:
        return "|".join(self.choices) if self.choices else type(self.default).__name__

    def default_for(self, profile: str) -> Any:
        return self.profiles.get(profile, self.default)

    def check(self, value: Any) -> Any:
        """The value if it fits, else ValueError: a misspelt switch must not pass for a test that ran."""
        wanted = type(self.default)
        # not isinstance(): a bool is an int as well
        if value.__class__ is not wanted or (self.choices and value not in self.choices):
            raise ValueError(f"switch {self.name} takes {self.type_name}, not {value!r}")
        if wanted is list and not all(isinstance(item, str) for item in value):
            raise ValueError(f"switch {self.name} takes a list of strings, not {value!r}")
        return value

    def parse(self, text: str) -> Any:
        """Read the value from the command line."""
        if isinstance(self.default, bool):
            if text not in ("true", "false"):
                raise ValueError(f"switch {self.name} takes true or false, not {text!r}")
            return text == "true"
        if isinstance(self.default, int):
            try:
                return int(text)
            except ValueError:
                raise ValueError(f"switch {self.name} takes a number, not {text!r}") from None
        if isinstance(self.default, list):
            return [item for item in text.split(",") if item]
        return self.check(text)


def _only(value: Any, *profiles: str) -> dict[str, Any]:
    return dict.fromkeys(profiles, value)


OLD = ("5.0", "5.2")

TABLE = (
    # What a release has.
    Switch("escalated", True, "status `Escalated` is accepted by updates", "3.3", (), _only(False, *OLD)),
    Switch("resolution", True, "`resolution` and `update_alerts` are known", "9", (), _only(False, *OLD)),
    Switch("scores_path", True, "GET /cases/{id}/scores exists", "9", (), _only(False, *OLD)),
    Switch("ai_detail", False, "GET /ai/cases/detail exists", "9", (), _only(True, "7.0")),
    Switch("tenant_fields", False, "GET /tenants honours `fields`", "5", (), _only(True, "7.0")),
    Switch("scoped_keys", True, "per-user keys can be exchanged for a token", "2.1", (), _only(False, *OLD)),
    Switch(
        "basic_everywhere",
        False,
        "Basic with the legacy key on every call, without a token",
        "2.1",
        (),
        _only(True, "5.0"),
    ),
    # Authentication.
    Switch("token_lifetime_s", 600, "seconds that a token works", "2.1"),
    Switch(
        "token_exp",
        "seconds",
        "how `exp` is told, in the answer and in the token; `past` and `ms` tell a time "
        "at which the token does not end",
        "2.1",
        ("seconds", "ms", "absent", "past"),
    ),
    Switch("email_case", False, "e-mails of people are compared with case: DOC-USR55", "3.3", (), _only(True, "5.0")),
    Switch(
        "scoped_tenants",
        ["6aeb2aae7d8d4ef0820136f42d107db4", "b2f0c7de54c1498d9a7e3f6d1c20e885"],
        "tenants in the scoped key's scope",
        "2.3",
    ),
    # Lists.
    Switch(
        "default_window",
        "none",
        "a list without a date filter shows only this much, by created_at",
        "3.1",
        ("none", "24h"),
        _only("24h", "7.0"),
    ),
    Switch("default_window_lifted_by", "any", "which date bounds lift the default window", "3.1", ("any", "both")),
    Switch("default_window_exempt", [], "other parameters that lift it, for example ticket_id", "3.1"),
    Switch("limit_above_500", "clamp", "what a limit above 500 does", "3.1", ("clamp", "reject")),
    Switch("default_limit", 50, "page size when no limit is given", "3.1"),
    Switch("page_cap", 0, "a page never has more cases than this, whatever the limit; 0 = no cap", "3.1"),
    Switch("skip_ceiling", 0, "skip + limit may not pass this; 0 = no ceiling", "3.1"),
    Switch("skip_ceiling_answer", "reject", "what happens at the ceiling", "3.1", ("reject", "empty")),
    Switch(
        "default_sort",
        "created_at",
        "sort field when none or an unknown one is given",
        "3.1",
        ("created_at", "modified_at", "score"),
    ),
    Switch("default_order", "desc", "order when none is given", "3.1", ("asc", "desc")),
    Switch("range_from_inclusive", True, "FROM~ includes its bound", "3.1"),
    Switch("range_to_inclusive", True, "TO~ includes its bound", "3.1"),
    Switch(
        "multi_status",
        True,
        "comma separated status and severity are ORed; else one literal value",
        "1",
        (),
        _only(False, *OLD),
    ),
    Switch("empty_filter", "ignored", "a filter with an empty value", "3.1", ("ignored", "literal")),
    Switch("assignee_filter", ["id"], "forms that the assignee filter takes: id, name, email", "3.1"),
    Switch("tenant_parameters", ["tenantid", "cust_id"], "names of the tenant filter that are honoured", "3.1"),
    Switch("min_size_auto_threshold", 2, "alerts that `min_size_auto` without a number asks for", "3.1"),
    Switch("ignored_query_parameters", [], "list parameters that are silently ignored", "1"),
    # What a case shows.
    Switch("description_in_get", False, "answers of GET have `description`", "3.1"),
    Switch("description_in_put_answer", False, "answers of PUT have `description`", "3.3"),
    Switch("unassigned_name", "Unassigned", "assignee_name of a case without assignee", "3.1"),
    Switch("names_show", "name", "what the *_name fields of a case show of a user", "3.1", ("name", "email")),
    # Updates.
    Switch(
        "put_answer",
        "full",
        "answer of an update: the case, an empty object, or no body",
        "3.3",
        ("full", "no_case", "empty"),
    ),
    Switch("ignored_put_keys", [], "keys that an update silently ignores", "3.3"),
    Switch("unknown_put_key", "ignore", "what an unknown key in an update does", "3.3", ("ignore", "reject")),
    Switch("noop_put_moves_modified_at", True, "an update that changes nothing moves modified_at", "3.3"),
    Switch("tags_move_modified_at", True, "an update of only the tags moves modified_at", "10"),
    Switch("comment_moves_modified_at", True, "adding, changing or deleting a comment moves modified_at", "3.6"),
    Switch("tag_normalise", "none", "what happens to the letters of a tag that is added", "3.3", ("none", "lower")),
    Switch("tag_max_length", 0, "longer tags are refused; 0 = no limit", "3.3"),
    Switch("tags_plain_list", "reject", "what `tags: [..]` in an update does", "3.3", ("reject", "replace")),
    Switch(
        "assignee_forms",
        ["id", "name", "email", "empty"],
        "forms that an update takes for an assignee; `empty` unassigns",
        "3.3",
    ),
    Switch("reopen_clears_closed", True, "reopening sets closed to 0", "3.3"),
    Switch("reopen_clears_resolution", False, "reopening clears the resolution", "10"),
    Switch("resolution_needs_closing", False, "a resolution is refused unless the case is or becomes closed", "10"),
    Switch("comment_max_length", 0, "longer comments are refused; 0 = no limit", "3.6"),
    Switch("comments_order", "asc", "order of the comments by time", "3.6", ("asc", "desc")),
    # Alerts.
    Switch("scores_order", "asc", "order of the scores by time", "3.8", ("asc", "desc")),
    Switch("alerts_need_paging", False, "alerts without skip and limit are refused", "3.7"),
    Switch("alerts_limit", 50, "larger limits of alerts are cut to this", "3.7"),
    Switch("alerts_default_limit", 0, "alerts in an answer when no limit is given; 0 = all (DSB2)", "3.7"),
    Switch("alerts_total", False, "the answer has `total` beside `docs`", "3.7"),
    # Status codes.
    Switch("unknown_case_status", 404, "status for a case that is not there", "3.2"),
    Switch("invalid_value_status", 422, "status for a value that is not accepted; 200 = the key is ignored", "3.3"),
    Switch("create_status", 200, "status of POST /cases; from 400 on nothing is stored", "3.4"),
    Switch("comment_status", 200, "status of POST comments; from 400 on nothing is stored", "7"),
    Switch("users_status", 0, "every /users call is refused with this status; 0 = allowed", "4"),
    Switch("tenants_status", 0, "every /tenants call is refused with this status; 0 = allowed", "5"),
    Switch("rate_limit_per_s", 0, "calls a second that are answered, over all callers; others get 429; 0 = all", "7"),
    Switch("rate_limit_burst", 20, "calls that may come at once before the rate counts", "7"),
    Switch("rate_limit_retry_after", True, "such a 429 says by Retry-After when the next call is answered", "7"),
    Switch(
        "error_body",
        "error",
        "key of the message in an error body, or bare text",
        "7",
        ("error", "message", "error_description", "text"),
    ),
)

BY_NAME = {switch.name: switch for switch in TABLE}


class Switches:
    """The values in force, read as attributes."""

    def __init__(self, profile: str, given: dict[str, Any] | None = None) -> None:
        self.profile = profile
        self._given = dict(given or {})
        self._values: dict[str, Any] = {}
        self.on_change: Callable[[], None] = lambda: None
        self.reset()

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_values"][name]
        except KeyError:
            raise AttributeError(name) from None

    def all(self) -> dict[str, Any]:
        return dict(self._values)

    def set(self, values: dict[str, Any]) -> None:
        """All or nothing."""
        unknown = sorted(set(values) - set(BY_NAME))
        if unknown:
            raise ValueError(f"unknown switch: {', '.join(unknown)}")
        self._values.update({name: BY_NAME[name].check(value) for name, value in values.items()})
        self.on_change()

    def reset(self) -> None:
        self._values = {switch.name: switch.default_for(self.profile) for switch in TABLE}
        self.set(self._given)


def parse_assignment(text: str) -> tuple[str, Any]:
    """NAME=VALUE of the command line."""
    name, equals, value = text.partition("=")
    if not equals or name not in BY_NAME:
        raise ValueError(f"unknown switch: {name}" if equals else f"a switch is set as NAME=VALUE, not {text!r}")
    return name, BY_NAME[name].parse(value)


def markdown_table() -> str:
    """The table that stands in the README; a test compares the two."""
    lines = ["| switch | type | default | section | meaning |", "| --- | --- | --- | --- | --- |"]
    for switch in TABLE:
        default = _shown(switch.default)
        default += "".join(f"; {profile}: {_shown(value)}" for profile, value in switch.profiles.items())
        kind = switch.type_name.replace("|", " \\| ")
        lines.append(f"| `{switch.name}` | {kind} | {default} | {switch.section} | {switch.doc} |")
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "two of the sample's tenants" if any(len(item) == 32 for item in value) else ", ".join(value) or "none"
    return str(value)
