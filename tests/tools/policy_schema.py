# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the JSON Schema of a policy file, which gives editors completion and hints.

It is made from the tables that the module checks rules with, and from the module's documentation.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.stellarcyber.xdr.plugins.module_utils._rule_options import RULE
from ansible_collections.stellarcyber.xdr.plugins.modules.stellar_cases import DOCUMENTATION

ROOT = Path(__file__).parents[2]
FILE = ROOT / "roles/case_hygiene/files/policy.schema.json"

Schema = dict[str, Any]

# The module takes a number where it asks for text.
TYPES: dict[str, Schema] = {
    "str": {"type": ["string", "number"]},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
}
FULL: Schema = {"minItems": 1}
SOME: Schema = {"minProperties": 1}
SCORE: Schema = {"minimum": 0, "maximum": 100}
TIME: Schema = {
    "anyOf": [
        {"type": "string", "pattern": r"^\s*[0-9]{1,9}(\.[0-9]{1,9})?\s*[smhdw]\s*$"},
        {"type": "string", "pattern": r"^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?$"},
        {"type": "string", "pattern": r"^\s*[0-9]{12,14}\s*$"},
        {"type": "integer", "minimum": 10**11},
    ]
}
WORDS: Schema = {"pattern": r"\S"}


def _with(name: str, schema: Schema) -> Schema:
    """An object that has this, and it fits."""
    return {"properties": {name: schema}, "required": [name]}


_RESOLVES = _with("set", _with("status", {"const": "Resolved"}))
_STAYS_RESOLVED = {
    "allOf": [
        _with("match", _with("status", {"const": ["Resolved"]})),
        {"properties": {"set": {"not": _with("status", {})}}},
    ]
}
_CLOSES = _with("set", _with("status", {"enum": ["Resolved", "Cancelled"]}))

# What the module checks beyond its tables, by the path of the option.
MORE: dict[str, Schema] = {
    "": {
        "dependentRequired": {"comment": ["set"]},
        "allOf": [
            {"if": _with("set", _with("resolution", {})), "then": {"anyOf": [_RESOLVES, _STAYS_RESOLVED]}},
            {"if": _with("set", _with("update_alerts", {})), "then": _CLOSES},
        ],
    },
    "name": WORDS,
    "comment": WORDS,
    "match.tags": SOME,
    "match.name": {"minLength": 1},
    **{f"match.{name}": SCORE for name in ("min_score", "max_score")},
    **{f"match.{name}": TIME for name in ("older_than", "newer_than", "modified_before", "modified_after")},
    "set": SOME,
    "set.name": WORDS,
}


def policy_schema() -> Schema:
    documented = yaml.safe_load(DOCUMENTATION)["options"]["rules"]
    rules = {"type": "array", **FULL, "items": _dict(RULE, documented["suboptions"], "")}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Policy of stellarcyber.xdr.case_hygiene",
        "type": "object",
        "additionalProperties": False,
        "required": ["rules"],
        "properties": {
            "title": {"description": "The title of the reports.", **TYPES["str"]},
            "description": {"description": "What the policy is for.", **TYPES["str"]},
            "rules": {"description": _words(documented["description"]), **rules},
        },
    }


def _dict(options: Schema, documented: Schema, path: str, spec: Schema | None = None) -> Schema:
    spec = spec or {}
    of_all = [{"anyOf": [{"required": [name]} for name in names]} for names in spec.get("required_one_of", ())]
    of_all += [{"not": {"required": list(names)}} for names in spec.get("mutually_exclusive", ())]
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [name for name, option in options.items() if option.get("required")],
        "properties": {
            name: _option(option, documented[name], f"{path}.{name}".lstrip(".")) for name, option in options.items()
        },
        **({"allOf": of_all} if of_all else {}),
        **MORE.get(path, {}),
    }


def _option(option: Schema, documented: Schema, path: str) -> Schema:
    described = {"description": _words(documented["description"])}
    if option["type"] == "dict":
        return {**described, **_dict(option["options"], documented["suboptions"], path, option)}
    if option["type"] == "list":
        items = {"enum": option["choices"]} if "choices" in option else TYPES[option["elements"]]
        # An empty list would match no case; in a state it is one.
        return {**described, "type": "array", **(FULL if path.startswith("match.") else {}), "items": items}
    if "choices" in option:
        return {**described, "enum": option["choices"]}
    more = MORE.get(path, {})
    return {**described, **({} if "anyOf" in more else TYPES[option["type"]]), **more}


def _words(description: str | list[str]) -> str:
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
