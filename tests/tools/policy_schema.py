# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the JSON Schema of a policy file, which gives editors completion and hints.

It is made from the tables that the module checks rules with, and from their documentation.
"""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.parsing.convert_bool import BOOLEANS

from ansible_collections.stellarcyber.xdr.plugins.doc_fragments._match import ModuleDocFragment
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.rules import RULE
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.times import (
    AGE_PATTERN,
    LARGEST_MS,
    SMALLEST_MS,
    TIME_PATTERN,
)

ROOT = Path(__file__).parents[2]
FILE = ROOT / "roles/case_hygiene/files/policy.schema.json"

Schema = dict[str, Any]

# An editor reads numbers and true where the run reads the text that stands in the file. The run takes a text with
# commas for a list, and texts for numbers and booleans, so that quotes make no difference.
NUMBERS_AND_TRUTH: Schema = {"type": ["number", "boolean"]}
NULL: Schema = {"type": "null"}
GIVEN: Schema = {"not": NULL}
FULL: Schema = {"minItems": 1}
SOME: Schema = {"minProperties": 1, "not": {"type": "object", "additionalProperties": NULL}}
WORDS = r"\S"
WORDS_OR_EMPTY = r"^$|\S"


def _text(pattern: str, **more: Any) -> Schema:
    return {"type": "string", "pattern": rf"^\s*({pattern})\s*$", **more}


def _any_case(word: str) -> str:
    return "".join(f"[{letter}{letter.upper()}]" if letter.isalpha() else letter for letter in word)


def _number(pattern: str, **limits: Any) -> Schema:
    return {"anyOf": [{"type": limits.pop("type", "number"), **limits}, _text(pattern)]}


SCORE = _number(r"\+?(0*[0-9]{1,2}(\.[0-9]*)?|0*100(\.0*)?|\.[0-9]+)", minimum=0, maximum=100)
SIZE = _number(r"\+?[0-9]+(\.0*)?", type="integer", minimum=0)
TRUTH: Schema = {
    "anyOf": [
        {"enum": [True, False, 1, 0]},
        _text("|".join(_any_case(word) for word in sorted(word for word in BOOLEANS if isinstance(word, str)))),
    ]
}
TIME: Schema = {
    "anyOf": [
        _text(AGE_PATTERN),
        _text(TIME_PATTERN),
        _text(r"\+?0*[1-9][0-9]{11,13}(\.0*)?"),
        {"type": "integer", "minimum": SMALLEST_MS, "exclusiveMaximum": LARGEST_MS},
    ]
}
# An item of a list, and one of those that commas separate
_CONTROLS = r"\x00-\x1f\x7f"
TAG = rf"[^,\s{_CONTROLS}]([^,{_CONTROLS}]*[^,\s{_CONTROLS}])?"
ITEM = r"[^,\s]([^,]*[^,\s])?"


def _with(name: str, schema: Schema) -> Schema:
    """An object that has this, and it fits."""
    return {"properties": {name: schema}, "required": [name]}


def _list(items: Schema, separated: str, *others: Schema, **limits: Any) -> Schema:
    """A list, or a text with commas between what fits a pattern."""
    text = _text(rf"{separated}(\s*,\s*({separated}))*")
    return {"anyOf": [{"type": "array", **limits, "items": items}, text, *others]}


_RESOLVED = _list({"const": "Resolved"}, "Resolved", **FULL)
_RESOLVES = _with("set", _with("status", {"const": "Resolved"}))
_STAYS_RESOLVED = {
    "allOf": [
        _with("match", _with("status", _RESOLVED)),
        {"properties": {"set": {"not": _with("status", GIVEN)}}},
    ]
}
_CLOSES = _with("set", _with("status", {"enum": ["Resolved", "Cancelled"]}))
_HOLDS = {"not": {"enum": [None, []]}}

# What the module checks beyond its tables, by the path of the option.
MORE: dict[str, Schema] = {
    "": {
        "allOf": [
            {"if": _with("comment", GIVEN), "then": _with("set", GIVEN)},
            {"if": _with("set", _with("resolution", GIVEN)), "then": {"anyOf": [_RESOLVES, _STAYS_RESOLVED]}},
            {"if": _with("set", _with("update_alerts", GIVEN)), "then": _CLOSES},
        ],
    },
    "name": {"pattern": WORDS},
    "comment": {"pattern": WORDS},
    "match.tags": SOME,
    "match.name": {"minLength": 1},
    "set": SOME,
    "set.name": {"pattern": WORDS},
    "set.assignee": {"pattern": WORDS_OR_EMPTY},
    # Lists that are empty add and delete nothing. An empty set is one.
    "set.tags": {
        "anyOf": [_with("set", GIVEN), _with("add", _HOLDS), _with("remove", _HOLDS), _with("delete", _HOLDS)]
    },
}
TIMES = ("older_than", "newer_than", "modified_before", "modified_after")
# In place of a type
WHOLE: dict[str, Schema] = {
    **{f"match.{name}": SCORE for name in ("min_score", "max_score")},
    **{f"match.{name}": SIZE for name in ("min_size", "max_size")},
    **{f"match.{name}": TIME for name in TIMES},
    **{f"match.{name}": _text(AGE_PATTERN) for name in ("status_for", "assigned_for")},
    "set.update_alerts": TRUTH,
}


def policy_schema() -> Schema:
    documented = yaml.safe_load(ModuleDocFragment.RULES)["options"]["rules"]
    rules = {"type": "array", **FULL, "items": _dict(RULE, documented["suboptions"], "")}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Policy of stellarcyber.xdr.case_hygiene",
        "type": "object",
        "additionalProperties": False,
        "required": ["rules"],
        "properties": {
            "title": {"description": "The title of the reports.", **_texts(True)},
            "description": {"description": "What the policy is for.", **_texts(True)},
            "rules": {"description": words(documented["description"]), **rules},
        },
    }


def _dict(options: Schema, documented: Schema, path: str, spec: Schema | None = None) -> Schema:
    spec = spec or {}
    spellings = {name: (name, *option.get("aliases", ())) for name, option in options.items()}
    of_all: list[Schema] = [
        {"anyOf": [_with(given, GIVEN) for name in names for given in spellings[name]]}
        for names in spec.get("required_one_of", ())
    ]
    exclusive = [
        pair
        for names in spec.get("mutually_exclusive", ())
        for pair in itertools.product(*(spellings[name] for name in names))
    ]
    of_all += [
        {"not": {"type": "object", "required": list(names), "properties": dict.fromkeys(names, GIVEN)}}
        for names in exclusive
    ]
    # Also where both are null
    twice = [names for names in spellings.values() if len(names) > 1]
    of_all += [{"not": {"type": "object", "required": list(names)}} for names in twice]
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [name for name, option in options.items() if option.get("required")],
        "properties": {
            given: _option(option, documented[name], f"{path}.{name}".lstrip("."))
            for name, option in options.items()
            for given in spellings[name]
        },
        **({"allOf": of_all} if of_all else {}),
        **MORE.get(path, {}),
    }


def _option(option: Schema, documented: Schema, path: str) -> Schema:
    described = {"description": words(documented["description"])}
    # Outside of conditions, null is left out.
    may_be_null = not option.get("required") and not path.startswith("match.")
    schema = _given(option, documented, path)
    if may_be_null and "anyOf" in schema and "type" not in schema:
        schema = {"anyOf": [*schema["anyOf"], NULL]}
    elif may_be_null and "enum" in schema:
        schema = {"enum": [*schema["enum"], None]}
    elif may_be_null:
        schema["type"] = [*([schema["type"]] if isinstance(schema["type"], str) else schema["type"]), "null"]
    return {**described, **schema}


def _given(option: Schema, documented: Schema, path: str) -> Schema:
    """An option that is not null."""
    if path in WHOLE:
        return WHOLE[path]
    if option["type"] == "dict":
        return _dict(option["options"], documented["suboptions"], path, option)
    if option["type"] == "list":
        # An empty list would match no case; in a state it is one.
        limits = FULL if path.startswith("match.") else {}
        if "choices" in option:
            separated = "|".join(choice for choice in option["choices"] if choice)
            others = [{"const": ""}] if "" in option["choices"] else []
            return _list({"enum": option["choices"]}, f"({separated})", *others, **limits)
        if ".tags." in path:
            return _list({**_texts(), "pattern": rf"^\s*{TAG}\s*$"}, TAG, NUMBERS_AND_TRUTH, **limits)
        # "" is nobody, or no tenant.
        return _list({**_texts(), "pattern": WORDS_OR_EMPTY}, ITEM, {"const": ""}, NUMBERS_AND_TRUTH, **limits)
    if "choices" in option:
        return {"enum": option["choices"]}
    return {**_texts(), **MORE.get(path, {})}


def _texts(may_be_null: bool = False) -> Schema:
    return {"type": ["string", "number", "boolean", *(["null"] if may_be_null else [])]}


def words(description: str | list[str]) -> str:
    """A description without the markup of Ansible's documentation."""
    text = description if isinstance(description, str) else " ".join(description)
    text = re.sub(r"[A-Z]+\(((?:\\.|[^)\\])*)\)", lambda found: found[1], text)
    return re.sub(r"\\(.)", r"\1", text)


def text() -> str:
    return json.dumps(policy_schema(), indent=2) + "\n"


def main() -> None:
    FILE.write_text(text(), encoding="utf-8")
    print(FILE.relative_to(ROOT))


if __name__ == "__main__":
    main()
