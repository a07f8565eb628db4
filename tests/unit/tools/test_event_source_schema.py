# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The schema and the documentation of the event source say what its table of options says."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.connection import CONNECTION
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.event_source import (
    EVENT_SOURCE,
    checked_arguments,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from tests.tools import event_source_schema

TABLE = {**CONNECTION, **EVENT_SOURCE["argument_spec"]}
SCHEMA = event_source_schema.event_source_schema()
CONNECTED = {"host": "127.0.0.1:1", "api_key": "none"}


def test_the_file_is_made_of_the_table() -> None:
    assert event_source_schema.FILE.read_text(encoding="utf-8") == event_source_schema.text(), (
        "Run make schema: the options or their documentation changed."
    )


@pytest.mark.parametrize("name", TABLE)
def test_the_documentation_has_each_option_as_the_table_does(name: str) -> None:
    described, spec = event_source_schema.documented()[name], TABLE[name]
    for key in ("type", "elements", "choices", "default"):
        assert described.get(key) == spec.get(key), key


def test_the_documentation_has_no_other_option() -> None:
    left_out = {"not_modified_by", "created_before", "modified_after", "modified_before", "sort", "order", "limit"}
    assert set(event_source_schema.documented()) - left_out == set(TABLE)


@pytest.mark.parametrize(
    ("options", "is_valid"),
    [
        ({}, True),
        ({"interval": 10, "since": "2h", "status": ["New"], "feedback": True}, True),
        ({"interval": "10", "since": 1795894500000, "status": "New, Resolved", "feedback": "yes"}, True),
        ({"changes": ["created"], "fields": ["case_id", "status"], "unsupported": "scan"}, True),
        ({"intervall": 10}, False),
        ({"unsupported": "maybe"}, False),
        ({"status": ["Open"]}, False),
        ({"changes": []}, False),
        ({"host": 5}, False),
    ],
)
def test_the_schema_and_the_source_agree(options: dict[str, object], is_valid: bool) -> None:
    given = {**CONNECTED, **options}
    assert Draft202012Validator(SCHEMA).is_valid(given) is is_valid
    if is_valid:
        checked_arguments(given)
    else:
        with pytest.raises(InputError):
            checked_arguments(given)
