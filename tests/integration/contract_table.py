# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each switch of the simulator changes of the answers to docs/api.md, and which switches no read can see."""

from __future__ import annotations

from typing import Any

from tests.integration.many import OHTANI_ID, case

# Newest first: one that all filters can be asked with, one with many alerts, one without tags, one with a comment
_COMMENT = {"_id": "c" * 24, "comment": "Seen", "created_at": 1_700_000_000_000, "user": OHTANI_ID}
_SPECIAL: dict[int, dict[str, Any]] = {
    1002: {"modified_by": OHTANI_ID, "assignee": OHTANI_ID, "ticket_id": 955_000, "score": 61.5},
    1001: {"size": 60},
    1000: {"tags": []},
    999: {"comments": [_COMMENT], "modified_at": 1_700_000_000_000},
}
MANY = [
    case(number, **{"modified_at": 1_690_000_000_000 - number, **_SPECIAL.get(number, {})}) for number in range(1003)
]
# A case of the newest that is asked with nothing
ODD_ID = MANY[990]["_id"]

CONFIRMED, DIFFERS, UNDECIDED = "confirmed", "differs", "undecided"
IGNORED = (DIFFERS, "It is ignored.")
_ALSO = (
    "Also: assignee_name, created_by_name, {}end_timestamp, modified_by_name, {}start_timestamp, tenant_group_name, "
)
_ALSO += "tenant_name."
ALSO = _ALSO.format("", "resolution, ")
_TIMES = "acknowledged, closed, created_at, end_timestamp, modified_at, start_timestamp"
_NO_CREATED = "No case that was read can be used: created_at is absent, empty or of another type."
_NO_TWO = (UNDECIDED, "There are no two cases with different times.")
_UNSORTED = (UNDECIDED, "The list is not sorted or not filtered by created_at.")
_NO_LIST = (UNDECIDED, "The answer is not a list.")
_NO_TAG = (UNDECIDED, "No case that was read has a tag.")
_NOT_READ = (UNDECIDED, "The list was not read.")
_NO_RIGHT = (UNDECIDED, "The key has no permission (HTTP 401 or 403).")
_NO_PATH = (DIFFERS, "The platform does not have it (HTTP 404 or 405).")
_OTHERS_OF_USERS = {f"users.{name}": _NOT_READ for name in ("fields", "once", "all")}
_OTHERS_OF_TENANTS = {f"tenants.{name}": _NOT_READ for name in ("fields", "created_at", "once", "all")}

Answers = dict[str, tuple[str, str]]


def _ignored(*names: str, **answers: tuple[str, str]) -> tuple[dict[str, Any], Answers]:
    return {"ignored_query_parameters": list(names)}, {name.replace("__", "."): told for name, told in answers.items()}


# What a platform without any switch shows, beside `confirmed`
BASELINE: Answers = {
    **dict.fromkeys(("access.bearer", "access.key_user"), (UNDECIDED, "This run did not send such a key.")),
    "users.scoped": (UNDECIDED, "This run did not send such a key."),
    "list.smaller": (UNDECIDED, "No page of 500 was refused."),
    "list.deep_skip": (DIFFERS, "It works."),
    "filter.several": (DIFFERS, "It finds cases: status, severity."),
    "users.all": (UNDECIDED, "It has all that the cases name, and there may be others."),
    "tenants.all": (UNDECIDED, "It has all that the cases name, and there may be others."),
}

# The switches that a read can see: with each value, the answers that are others then, and no more
SEEN: dict[str, list[tuple[dict[str, Any], Answers]]] = {
    "resolution": [
        (
            {"resolution": False},
            {"case.resolution": (DIFFERS, "In no case."), "case.fields": (CONFIRMED, _ALSO.format("", ""))},
        )
    ],
    "scores_path": [({"scores_path": False}, {"part.scores": (CONFIRMED, "By activity/score.")})],
    "token_lifetime_s": [
        ({"token_lifetime_s": 60}, {"access.lifetime": (DIFFERS, "It is shorter.")}),
        ({"token_lifetime_s": 3600}, {"access.lifetime": (DIFFERS, "It is longer.")}),
    ],
    "token_exp": [
        ({"token_exp": "ms"}, {}),
        *(
            ({"token_exp": value}, {"access.lifetime": (UNDECIDED, "The answer does not tell it.")})
            for value in ("absent", "past")
        ),
    ],
    "default_window": [
        ({"default_window": "24h"}, {"list.window": (DIFFERS, "It is cut, as to the last 24 hours.")}),
    ],
    "page_cap": [
        ({"page_cap": 100}, {"list.limit": (DIFFERS, "A page has 100 to 199 cases, and there are more.")}),
    ],
    "skip_ceiling": [
        ({"skip_ceiling": 1000}, {"list.skip": (DIFFERS, "HTTP 422."), "list.deep_skip": (CONFIRMED, "")}),
    ],
    "skip_ceiling_answer": [
        (
            {"skip_ceiling": 1000, "skip_ceiling_answer": "empty"},
            {
                "list.skip": (UNDECIDED, "There are no 1,001 cases, or none are answered."),
                "list.deep_skip": (UNDECIDED, "There are fewer than 1002 cases."),
            },
        ),
    ],
    "skip_max": [
        ({"skip_max": 1000}, {"list.deep_skip": (CONFIRMED, "")}),
        ({"skip_max": 500}, {"list.skip": (DIFFERS, "HTTP 500."), "list.deep_skip": (CONFIRMED, "")}),
    ],
    "skip_max_status": [
        (
            {"skip_max": 1000, "skip_max_status": 403},
            {"list.deep_skip": (UNDECIDED, "ApiError: HTTP 403.")},
        ),
    ],
    "limit_max": [
        (
            {"limit_max": 100},
            {"list.limit": (DIFFERS, "HTTP 422."), "list.smaller": (CONFIRMED, "limit=10 is answered.")},
        ),
    ],
    "limit_max_status": [
        (
            {"limit_max": 100, "limit_max_status": 504},
            {"list.limit": (DIFFERS, "HTTP 504."), "list.smaller": (CONFIRMED, "limit=10 is answered.")},
        ),
    ],
    "range_from_inclusive": [
        ({"range_from_inclusive": False}, {"filter.bounds": (DIFFERS, "Excluded by: FROM~.")}),
    ],
    "range_to_inclusive": [
        ({"range_to_inclusive": False}, {"filter.bounds": (DIFFERS, "Excluded by: TO~.")}),
    ],
    "multi_status": [({"multi_status": False}, {"filter.several": (CONFIRMED, "")})],
    "tenant_parameters": [({"tenant_parameters": ["cust_id"]}, {"filter.tenantid": IGNORED})],
    "ignored_query_parameters": [
        *(
            _ignored(name, **{f"filter__{claim}": IGNORED})
            for name, claim in (
                *(("NOT~tags", "not_tags"), ("NOT~modified_by", "not_modified_by")),
                *(("ticket_id", "ticket_id"), ("tags", "tags"), ("tenantid", "tenantid")),
            )
        ),
        *(_ignored(f"FROM~{name}", f"TO~{name}", **{f"filter__{name}": IGNORED}) for name in ("score", "modified_at")),
        *(
            _ignored(name, **{f"filter__{name}": IGNORED, "filter__several": (UNDECIDED, f"{name} is ignored.")})
            for name in ("status", "severity")
        ),
        _ignored(
            *("FROM~created_at", "TO~created_at"),
            list__total=_UNSORTED,
            list__empty=(UNDECIDED, "FROM~created_at and TO~created_at are ignored."),
            filter__created_at=IGNORED,
        ),
        _ignored(
            "FROM~created_at",
            list__total=_UNSORTED,
            filter__created_at=(DIFFERS, "It finds cases that do not have the value."),
        ),
        # By created_at the list is sorted anyhow.
        _ignored("sort", **{"list__sort__modified_at": (DIFFERS, "It is in another order.")}),
        _ignored(
            "order",
            list__sort__created_at=(DIFFERS, "It is in another order."),
            list__sort__modified_at=(DIFFERS, "It is in another order."),
            list__window=(UNDECIDED, "The list is not known to be sorted by created_at."),
            list__total=_UNSORTED,
        ),
        _ignored("skip", list__skip=IGNORED, list__deep_skip=(UNDECIDED, "skip is ignored.")),
        _ignored("limit", list__limit=(DIFFERS, "A page has 50 to 99 cases, and there are more.")),
        _ignored("formatted", part__summary=(DIFFERS, "It is of the type object.")),
        _ignored("stellar_ping"),
    ],
    "list_total": [
        ({"list_total": "page"}, {"list.total": (DIFFERS, "It counts the cases of the page.")}),
        ({"list_total": "zero"}, {"list.total": (DIFFERS, "It is 0.")}),
        ({"list_total": "absent"}, {"list.total": (DIFFERS, "It is absent.")}),
        # There are fewer cases.
        ({"list_total": "capped"}, {}),
    ],
    "list_total_cap": [
        ({"list_total": "capped", "list_total_cap": 500}, {"list.total": (DIFFERS, "It has a maximum.")}),
    ],
    "empty_list": [
        ({"empty_list": "null"}, {"list.empty": (DIFFERS, "cases is of the type null.")}),
        (
            {"empty_list": "absent"},
            {"list.empty": (DIFFERS, "cases is absent."), "part.comments": _NO_LIST, "part.activities": _NO_LIST},
        ),
        ({"empty_list": "data_list"}, {"list.empty": (DIFFERS, "data is [].")}),
        ({"empty_list": "data_null"}, {"list.empty": (DIFFERS, "data is null.")}),
    ],
    "shape_places": [
        ({"score_form": "text", "shape_places": ["get"]}, {"case.numbers": (DIFFERS, "score: text.")}),
    ],
    "absent_fields": [
        ({"absent_fields": ["version"]}, {"case.fields": (DIFFERS, f"Not in each record: version. {ALSO}")}),
        (
            {"absent_fields": ["tags"]},
            {
                "case.fields": (DIFFERS, f"Not in each record: tags. {ALSO}"),
                "case.tags": (DIFFERS, "In some cases: absent."),
                "filter.tags": _NO_TAG,
                "filter.not_tags": _NO_TAG,
            },
        ),
        (
            {"absent_fields": ["created_at"]},
            {
                "case.fields": (DIFFERS, f"Not in each record: created_at. {ALSO}"),
                "list.window": (UNDECIDED, "The list is not known to be sorted by created_at."),
                "list.sort.created_at": _NO_TWO,
                "list.total": _NO_TWO,
                "list.unknown_parameter": (UNDECIDED, _NO_CREATED),
                **{
                    f"filter.{name}": (UNDECIDED, _NO_CREATED)
                    for name in (
                        *("created_at", "modified_at", "score", "bounds", "status", "severity", "several", "tags"),
                        *("not_tags", "not_modified_by", "ticket_id", "tenantid"),
                    )
                },
            },
        ),
    ],
    "times_form": [
        ({"times_form": "text"}, {"case.times": (DIFFERS, f"{_TIMES}: a number as text.")}),
        ({"times_form": "iso"}, {"case.times": (DIFFERS, f"{_TIMES}: ISO 8601.")}),
        (
            {"times_form": "seconds"},
            {
                "case.times": (DIFFERS, "created_at, modified_at: seconds."),
                "filter.bounds": (UNDECIDED, "Times are shown in whole seconds."),
            },
        ),
    ],
    "score_form": [({"score_form": "text"}, {"case.numbers": (DIFFERS, "score: text.")})],
    "empty_tags": [
        ({"empty_tags": "null"}, {"case.tags": (DIFFERS, "In some cases: null.")}),
        (
            {"empty_tags": "absent"},
            {
                "case.tags": (DIFFERS, "In some cases: absent."),
                "case.fields": (DIFFERS, f"Not in each record: tags. {ALSO}"),
            },
        ),
    ],
    "case_padding": [({"case_padding": 10}, {"case.fields": (CONFIRMED, f"{ALSO} Other fields: 1.")})],
    "odd_record": [
        *(
            (
                {"odd_record": kind, "odd_record_id": ODD_ID},
                {"list.records": (DIFFERS, f"1 of 50 to 99 are not, by: {by}.")},
            )
            for kind, by in {
                **{"null": "null", "text": "text", "list": "list", "empty": "_id", "no_id": "_id"},
                **{"number_id": "_id", "bad_status": "status", "bad_tags": "tags"},
            }.items()
        ),
        ({"odd_record": "bad_time", "odd_record_id": ODD_ID}, {"case.times": (DIFFERS, "modified_at: text.")}),
        (
            {"odd_record": "null_fields", "odd_record_id": ODD_ID},
            {
                "case.numbers": (DIFFERS, "score, size, ticket_id, version: null."),
                "case.tags": (DIFFERS, "In some cases: null."),
                "case.unassigned": (DIFFERS, "assignee: null."),
            },
        ),
    ],
    "odd_record_id": [
        (
            {"odd_record": "no_id", "odd_record_id": MANY[980]["_id"]},
            {"list.records": (DIFFERS, "1 of 50 to 99 are not, by: _id.")},
        ),
    ],
    "description_in_get": [
        (
            {"description_in_get": True},
            {
                "case.description": (DIFFERS, "In each case."),
                "case.fields": (CONFIRMED, _ALSO.format("description, ", "resolution, ")),
            },
        ),
    ],
    "names_show": [
        (
            {"names_show": "email"},
            {"case.assignee": (CONFIRMED, "assignee: an id; assignee_name: an e-mail.")},
        ),
    ],
    "alerts_need_paging": [({"alerts_need_paging": True}, {"part.alerts_bare": (DIFFERS, "HTTP 422.")})],
    "alerts_limit": [
        (
            {"alerts_limit": 20},
            {"part.alerts": (DIFFERS, "A page has 10 to 49, and there are more.")},
        ),
    ],
    "alerts_default_limit": [
        ({"alerts_default_limit": 10}, {"part.alerts_bare": (DIFFERS, "It answers 10 to 49, and there are more.")}),
    ],
    "unknown_case_status": [
        ({"unknown_case_status": 400}, {"case.unknown": (DIFFERS, "HTTP 400.")}),
        ({"unknown_case_status": 410}, {"case.unknown": (CONFIRMED, "HTTP 410.")}),
        ({"unknown_case_status": 500}, {"case.unknown": (DIFFERS, "HTTP 500.")}),
    ],
    "activities_status": [
        ({"activities_status": 403}, {"part.activities": _NO_RIGHT}),
        ({"activities_status": 404}, {"part.activities": _NO_PATH}),
    ],
    "users_twice": [
        ({"users_twice": True}, {"users.once": (DIFFERS, "2 to 9 of 10 to 49 are there again.")}),
    ],
    "users_page": [
        (
            {"users_page": 1},
            {"users.all": (UNDECIDED, "Cases name 1 that it does not have, and that may be deleted.")},
        ),
    ],
    "users_status": [
        ({"users_status": 403}, {"users.get": _NO_RIGHT, **_OTHERS_OF_USERS}),
        ({"users_status": 401}, {"users.get": _NO_RIGHT, **_OTHERS_OF_USERS}),
        ({"users_status": 404}, {"users.get": _NO_PATH, **_OTHERS_OF_USERS}),
    ],
    "tenants_status": [
        ({"tenants_status": 403}, {"tenants.get": _NO_RIGHT, "tenants.groups": _NO_RIGHT, **_OTHERS_OF_TENANTS}),
        ({"tenants_status": 404}, {"tenants.get": _NO_PATH, "tenants.groups": _NO_PATH, **_OTHERS_OF_TENANTS}),
    ],
}

_OF_WRITES = "It acts on writes only."
_NOT_SENT = "The collection relies on no such request, so that no claim is about it."
_OTHER_KEY = "It acts on another kind of key, or on another way to send one."
_PASSES = "It comes and goes: a request that met it is retried."
_HANDLED = "The collection does not depend on it, so that no claim is about it."

# The switches that no read can see: why, and a value that has to change no answer
NOT_SEEN: dict[str, tuple[str, dict[str, Any]]] = {
    **{
        name: (_OF_WRITES, {name: value})
        for name, value in {
            "escalated": False,
            "description_in_put_answer": True,
            "put_answer": "empty",
            "ignored_put_keys": ["name"],
            "unknown_put_key": "reject",
            "noop_put_moves_modified_at": False,
            "tags_move_modified_at": False,
            "comment_moves_modified_at": False,
            "tag_normalise": "lower",
            "tag_max_length": 10,
            "tags_plain_list": "replace",
            "assignee_forms": ["id"],
            "reopen_clears_closed": False,
            "reopen_clears_resolution": True,
            "resolution_needs_closing": True,
            "comment_max_length": 10,
            "empty_comment": "accept",
            "case_lag_ms": 500,
            "list_lag_ms": 500,
            "parts_lag_ms": 500,
            "late_write_ms": 500,
            "late_write_status": 503,
            "create_status": 201,
            "comment_status": 201,
            "create": False,
        }.items()
    },
    **{
        name: (_NOT_SENT, {name: value})
        for name, value in {
            "ai_detail": True,
            "tenant_fields": True,
            "scoped_raw_search": True,
            "limit_above_500": "reject",
            "default_limit": 20,
            "default_order": "asc",
            "default_sort": "score",
            "default_window_exempt": ["ticket_id"],
            "empty_filter": "literal",
            "assignee_filter": [],
            "min_size_auto_threshold": 3,
            "boolean_case": False,
            "invalid_value_status": 400,
            "error_body": "text",
        }.items()
    },
    **{
        name: (_OTHER_KEY, {name: value})
        for name, value in {
            "scoped_keys": False,
            "basic_everywhere": True,
            "basic_third_field": False,
            "email_case": True,
            "scoped_tenants": [],
        }.items()
    },
    **{
        name: (_HANDLED, {name: value})
        for name, value in {
            "unassigned_name": "None",
            "comments_order": "desc",
            "scores_order": "desc",
            "alerts_total": True,
        }.items()
    },
    "default_window_lifted_by": ("Both bounds are always sent.", {"default_window_lifted_by": "both"}),
    "clock_offset_s": ("The step clock shows it.", {"clock_offset_s": 7200}),
    "token_status": ("The step token fails, and no file is written.", {}),
    "unauthorized_every": (_PASSES, {"unauthorized_every": 7}),
    "unauthorized_ends_token": (_PASSES, {"unauthorized_every": 7, "unauthorized_ends_token": True}),
    "get_500_every": (_PASSES, {"get_500_every": 20}),
    "rate_limit_per_s": (_PASSES, {"rate_limit_per_s": 40}),
    "rate_limit_burst": (_PASSES, {"rate_limit_per_s": 40, "rate_limit_burst": 30}),
    "rate_limit_retry_after": (_PASSES, {"rate_limit_per_s": 40, "rate_limit_retry_after": False}),
}
