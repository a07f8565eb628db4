# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of switches: what the documentation leaves open, what differs by release, what platforms are known to do.

The `section` of a switch is the section of the API notes that this simulator was written from; `doc` names the
evidence by its key in those notes, where there is one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .shapes import ODD_RECORDS

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
        if isinstance(self.default, list) and self.choices:
            return f"list of {', '.join(self.choices)}"
        return "|".join(self.choices) if self.choices else type(self.default).__name__

    def default_for(self, profile: str) -> Any:
        return self.profiles.get(profile, self.default)

    def check(self, value: Any) -> Any:
        """Return the value if it fits, else raise ValueError: a misspelt switch must not pass for a test that ran."""
        wanted = type(self.default)
        items = value if wanted is list and isinstance(value, list) else [value]
        # not isinstance(): a bool is an int as well
        if value.__class__ is not wanted or (self.choices and not set(items) <= set(self.choices)):
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
            return self.check([item for item in text.split(",") if item])
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
    Switch("token_status", 0, "every exchange is refused with this status: 403, XLAB; 0 = allowed", "7"),
    Switch("basic_third_field", True, "the Basic pair may have a third field: RAJA", "2.1"),
    Switch("scoped_raw_search", False, "a scoped key may use the raw search; else 403: ARAM", "2.3"),
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
    Switch("skip_max", 0, "a larger skip is refused: DSB2; 0 = none", "3.1", (), _only(1000, "7.0")),
    Switch("skip_max_status", 500, "status of such a call: DSB2", "3.1"),
    Switch("limit_max", 0, "a larger limit is refused; 0 = none", "3.1"),
    Switch("limit_max_status", 422, "status of such a call, 400, 422, 504 and so on", "3.1"),
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
    Switch("boolean_case", True, "booleans in a query are read with case: `true`, not `True`", "1"),
    Switch(
        "list_total",
        "exact",
        "`total` of a list of cases: all, those of the page, 0, up to list_total_cap, or none at all",
        "3.1",
        ("exact", "page", "zero", "capped", "absent"),
    ),
    Switch("list_total_cap", 10000, "the most that a capped total tells", "3.1"),
    Switch(
        "empty_list",
        "list",
        "a list without entries: [], null (as of Go), no key, or `data` itself as [] or null",
        "7",
        ("list", "null", "absent", "data_list", "data_null"),
    ),
    # The shape of a case, at `shape_places`.
    Switch("shape_places", ["list"], "where the next five switches act", "3.1", ("list", "get", "put")),
    Switch("absent_fields", [], "fields that a case lacks, for example tags", "3.1"),
    Switch(
        "times_form",
        "ms",
        "times of a case: milliseconds, as text, ISO 8601, seconds",
        "1",
        ("ms", "text", "iso", "seconds"),
    ),
    Switch("score_form", "number", "score of a case: a number, or as text", "3.1", ("number", "text")),
    Switch("empty_tags", "list", "tags of a case without: [], null, or no key", "3.1", ("list", "null", "absent")),
    Switch("case_padding", 0, "a case has so many letters more, in a field `padding`", "3.1"),
    Switch(
        "odd_record",
        "none",
        "what stands in a list in place of one case, the first of a page unless odd_record_id names it",
        "3.1",
        ("none", *ODD_RECORDS),
    ),
    Switch("odd_record_id", "", "the case that odd_record takes the place of", "3.1"),
    # What a case shows.
    Switch("description_in_get", False, "answers of GET have `description`", "3.1"),
    Switch("description_in_put_answer", False, "answers of PUT have `description`", "3.3"),
    Switch("unassigned_name", "Unassigned", "assignee_name of a case without assignee", "3.1"),
    Switch("names_show", "name", "what the *_name fields of a case show of a user", "3.1", ("name", "email")),
    # Updates.
    Switch(
        "put_answer",
        "full",
        "answer of an update: the case, an empty object, `{}`, no body, the case as it was, its id and what was given",
        "3.3",
        ("full", "no_case", "no_data", "empty", "old", "partial"),
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
    Switch("empty_comment", "reject", "what an empty comment does", "3.6", ("reject", "accept")),
    # When writes are seen.
    Switch("case_lag_ms", 0, "for so long after a write a GET of the case shows it as it was", "3.3"),
    Switch("list_lag_ms", 0, "for so long after a write lists show, filter and count the case as it was", "3.3"),
    Switch("parts_lag_ms", 0, "for so long after a write its activities and comments are as they were", "3.3"),
    Switch("late_write_ms", 0, "writes are answered at once with late_write_status and land so much later", "3.3"),
    Switch("late_write_status", 504, "status of such an answer", "3.3"),
    Switch("clock_offset_s", 0, "the platform's clock is so much ahead; below 0: behind", "1"),
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
    Switch("create", True, "cases can be created; else 405: NINE2", "3.4"),
    Switch("activities_status", 0, "the history is refused with this status; 0 = allowed", "3.8"),
    Switch("unauthorized_every", 0, "every n-th call is answered with 401, though its token is good; 0 = none", "7"),
    Switch("unauthorized_ends_token", False, "the token of such a call is worth nothing from then on", "7"),
    Switch("get_500_every", 0, "every n-th GET is answered with 500; 0 = none", "7"),
    Switch("users_twice", False, "the list of users has each twice", "4"),
    Switch("users_page", 0, "the list of users has only so many, without a word; 0 = all", "4"),
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
