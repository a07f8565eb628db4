# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the JSON Schema of the event source, which editors and web forms read. The source itself checks its options.

It is made from the table that the source checks its options with, and from its documentation.
"""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.stellarcyber.xdr.plugins.doc_fragments import _connection, _query
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.connection import CONNECTION
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.event_source import EVENT_SOURCE
from tests.tools.policy_schema import ROOT, Schema, words

SOURCE = Path("extensions/eda/plugins/event_source/stellar_cases.py")
FILE = ROOT / SOURCE.parent / "schemas/stellar_cases.json"

TYPES = {"str": "string", "path": "string", "bool": "boolean", "int": "integer", "float": "number", "list": "array"}
TEMPLATE: Schema = {"type": "string", "pattern": r"\{\{"}
# Numbers and booleans may be given as texts, and a time as a number.
ALSO = {"bool": ["string"], "int": ["string"], "float": ["string"]}
TIMES = ("since", "created_after")


def documented() -> dict[str, Any]:
    """The documentation of each option, with the fragments that the source names."""
    source = yaml.safe_load(runpy.run_path(str(ROOT / SOURCE))["DOCUMENTATION"])["options"]
    fragments = [yaml.safe_load(module.ModuleDocFragment.DOCUMENTATION)["options"] for module in (_connection, _query)]
    return {**fragments[0], **fragments[1], **source}


def event_source_schema() -> Schema:
    table = {**CONNECTION, **EVENT_SOURCE["argument_spec"]}
    descriptions = documented()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Options of the event source stellarcyber.xdr.stellar_cases",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _option(name, spec, descriptions[name]) for name, spec in table.items()},
    }


def _option(name: str, spec: Schema, described: Schema) -> Schema:
    # A source has no variables of Ansible.
    text = re.sub(r"the variable stellar_\w+ is used, else ", "", words(described["description"]))
    text = re.sub(r"If not set, (STELLAR_\w+)", r"If not set, \1 is used", text)
    found: Schema = {"description": text, **_value(spec)}
    if name in TIMES:
        found["type"] = ["string", "number"]
    if "default" in spec:
        found["default"] = spec["default"]
    return {**found, **({"writeOnly": True} if spec.get("no_log") else {})}


def _value(spec: Schema) -> Schema:
    if spec["type"] == "list":
        items: Schema = {"enum": spec["choices"]} if "choices" in spec else {"type": ["string", "number"]}
        return {"type": ["array", "string"], "items": items, "minItems": 1}
    if "choices" in spec:
        return {"anyOf": [{"enum": spec["choices"]}, TEMPLATE]}
    kinds = [TYPES[spec["type"]], *ALSO.get(spec["type"], [])]
    return {"type": kinds if len(kinds) > 1 else kinds[0]}


def text() -> str:
    return json.dumps(event_source_schema(), indent=2) + "\n"


def main() -> None:
    FILE.write_text(text(), encoding="utf-8")
    print(FILE.relative_to(ROOT))


if __name__ == "__main__":
    main()
