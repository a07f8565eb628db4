# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The JSON Schema of a policy says of each policy what a run says of it.

An editor reads the YAML by itself, so the schema is asked about what YAML 1.2 makes of a text, and the run about what
read_policy() makes of it.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.match import MATCH
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.rules import SET, parse_rules
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.policy_file import read_policy
from tests.tools import policy_schema

SCHEMA = policy_schema.policy_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
ROOT = policy_schema.ROOT

# The rest of a rule that has a name.
GOOD = """
match: {}
match: {status: [New], not_status: [Resolved], severity: [Low], not_severity: [High]}
match: {tags: {any: [a], all: [b, 2], none: [c]}}
match: {assignee: [""], tenant: [Example Tenant], not_tenant: [6aeb2aae7d8d4ef0820136f42d107db4]}
match: {not_assignee: ["", ohtani]}
match: {resolution: ["", Benign], not_resolution: [True Positive]}
match: {min_score: 10, max_score: 20.5, min_size: 1, max_size: 3}
match: {older_than: 30m}
match: {older_than: 1.5 h}
match: {newer_than: 2026-01-02}
match: {newer_than: 2026-01-02T08:00:00+01:00}
match: {modified_before: 1660835991789}
match: {modified_after: "1660835991789"}
match: {name: '(?i)^test\\b'}
match: {status: New, severity: "High, Low", resolution: ""}
match: {assignee: "ohtani, m@example.com", tenant: "", tags: {any: "a, b", all: 2026}}
match: {min_score: "75", max_score: " 80.5 ", min_size: "3", max_size: 1e3}
match: {min_size: 0x1F, max_size: 0o50}
match: {tags: {any: [0123, 1.10, 1_000, 0x1F, true, no, 2026-01-02]}}
match: {}, set: {tags: {add: "a, b", delete: 5}}, description: null
match: {}, set: {status: Resolved, update_alerts: "yes"}
match: {}, set: {status: Resolved, update_alerts: on}
match: {}, set: {severity: Low, assignee: null, tags: {add: [" vip "], delete: null}}
match: {status: Resolved}, set: {resolution: Benign}
match: {}, description: Why
match: {}, set: {status: In Progress}
match: {}, set: {severity: High, assignee: ohtani, name: A name}, comment: Why
match: {}, set: {assignee: ""}
match: {}, set: {tags: {add: [a], delete: [b]}}
match: {}, set: {tags: {set: []}}
match: {}, set: {status: Resolved, resolution: Benign, update_alerts: true}
match: {status: [Resolved]}, set: {resolution: Benign}
""".strip().splitlines()

BAD = """
{}
description: no match
match: []
match: New
match: {stauts: [New]}
match: {status: [Open]}
match: {status: []}
match: {not_severity: [Urgent]}
match: {resolution: [None]}
match: {tags: {}}
match: {tags: [a]}
match: {tags: {some: [a]}}
match: {tags: {any: []}}
match: {assignee: []}
match: {min_score: 101}
match: {max_score: -1}
match: {min_score: many}
match: {min_size: 1.5}
match: {older_than: a week}
match: {older_than: 7}
match: {older_than: "30"}
match: {min_size: -1}
match: {min_size: 1_000}
match: {status: "New,"}
match: {tags: {any: [" "]}}
match: {tags: {any: "a,,b"}}
match: {tags: {any: [null]}}
match: {tenant: [" "]}
match: {}, set: {assignee: " "}
match: {}, set: {tags: {add: []}}
match: {}, set: null, comment: Why
match: {modified_before: 1660835991}
match: {name: ""}
match: {}, unknown: 1
match: {}, comment: A comment alone
match: {}, comment: " ", set: {status: New}
match: {}, set: {}
match: {}, set: {update_alerts: true}
match: {}, set: {colour: red}
match: {}, set: {description: It is never given back}
match: {}, set: {status: Open}
match: {}, set: {name: " "}
match: {}, set: {tags: {}}
match: {}, set: {tags: {add: [a], set: [b]}}
match: {}, set: {tags: [a]}
match: {}, set: {resolution: Benign}
match: {status: [Resolved, New]}, set: {resolution: Benign}
match: {status: [Resolved]}, set: {status: Cancelled, resolution: Benign}
match: {}, set: {status: New, update_alerts: false}
""".strip().splitlines()

# What no schema can say, or only at a length that helps nobody.
ONLY_THE_RUN_REFUSES = """
match: {name: '('}
match: {min_score: 20, max_score: 10}
match: {status: [New], not_status: [New]}
match: {tags: {all: [a], none: [a]}}
match: {tags: {any: ["a\u200bb"]}}
match: {newer_than: 7d, older_than: 14d}
match: {newer_than: 2999-01-01}
match: {older_than: 2026-02-30}
match: {}, set: {tags: {add: [a], delete: [a]}}
match: {}, set: {tags: {add: [a], delete: [" a "]}}
""".strip().splitlines()

# A number in quotes in another form than digits. Without them it is a number for the schema, too.
ONLY_THE_SCHEMA_REFUSES = """
match: {min_size: "0x1F"}
match: {min_size: "1e3"}
match: {min_score: "1e1"}
match: {modified_after: "1.660835991789e12"}
match: {}, set: {status: Resolved, update_alerts: "1.0"}
""".strip().splitlines()

# What rules out has the table of what it rules out.
CONDITIONS = [name for name in MATCH if name != "tags" and not name.startswith("not_")]
# Where a value of VALUES may stand. VALUE is replaced.
PLACES = [
    "description: VALUE, match: {}",
    "match: VALUE",
    *(f"match: {{{name}: {value}}}" for name in CONDITIONS for value in ("VALUE", "[VALUE]")),
    "match: {status: [New, VALUE]}",
    *(f"match: {{tags: {value}}}" for value in ("VALUE", "[VALUE]")),
    *(f"match: {{tags: {{{name}: {value}}}}}" for name in ("any", "all", "none") for value in ("VALUE", "[VALUE]")),
    "match: {assignee: [ohtani, VALUE]}",
    "match: {}, set: VALUE",
    "match: {}, set: {status: New}, comment: VALUE",
    "match: {}, set: VALUE, comment: Why",
    *(f"match: {{}}, set: {{{name}: VALUE}}" for name in SET),
    *(f"match: {{}}, set: {{{name}: VALUE, severity: Low}}" for name in SET if name != "severity"),
    *(
        f"match: {{}}, set: {{tags: {{{name}: {v}}}}}"
        for name in ("add", "delete", "set")
        for v in ("VALUE", "[VALUE]")
    ),
    "match: {}, set: {tags: {add: VALUE, delete: [z]}}",
    "match: {}, set: {tags: {add: VALUE, set: [z]}}",
    "match: {}, set: {status: Resolved, update_alerts: VALUE}",
    "match: {}, set: {status: VALUE, update_alerts: true}",
    "match: {}, set: {status: Resolved, resolution: VALUE}",
    "match: {}, set: {status: VALUE, resolution: Benign}",
    "match: {status: VALUE}, set: {resolution: Benign}",
    "match: {status: [VALUE, Resolved]}, set: {resolution: Benign}",
    "match: {}, set: {severity: Low}, VALUE: 1",
]
VALUES = [
    # words, alone and with commas, blanks and quotes
    *(
        "New",
        '" New "',
        '"New, In Progress"',
        '"New,"',
        '"Resolved , Resolved"',
        "Resolved",
        "Cancelled",
        "new",
        "High",
    ),
    *("Benign", '"Benign,True Positive"', "Open", "a", '" vip "', '"a, b"', '"a,,b"', '","', '" , a"', '"a\\tb"'),
    *("ohtani", "ohtani@example.com", '""', '" "', '"\\t"', "'{{ x }}'", '"ä, ö"', '"a\\n"', "=", "<<", "'<<'"),
    # null
    *("null", "~", "", "[null]", "[]", "{}", "[[a]]", "[{a: 1}]", "{a: b}", "{any: [a]}", "{add: [a]}", "{add: null}"),
    *("[a, a]", "{status: null}", "{tags: null, status: New}", "{tags: {add: null}}", "{tags: {add: []}}"),
    # booleans
    *("true", "True", "TRUE", "false", "tRuE", "yes", "no", "on", "Off", '"true"', '" Yes "', "y", "t", "2"),
    # numbers
    *("0", "1", "3", "03", "0123", "10", "100", "101", "-1", "+5", "3.0", "3.5", "1.10", ".5", "5.", "1_000", "0x1F"),
    *("0o17", "1e1", "1e3", "1e-1", "12:30", "99.99", "100.0", '"3"', '" 3 "', '"3.0"', '"-1"', '"100"', '"1_000"'),
    *(".inf", '".nan"', "nan", "1e400", '"3 "', "3x", "0b1"),
    # times
    *("30m", '" 30 m "', "1.5h", "30 days", "-7d", "30", "1660835991", "1660835991789", '"1660835991789"'),
    *("1660835991789.0", "1.660835991789e12", "1660835991789.5", "99999999999", "100000000000", "100000000000000"),
    *("2026-01-02", "2026-1-2", "2026-13-01", "20260102", "2026-01-02T08", "2026-01-02T08:00", "2026-01-02 08:00:00"),
    *("2026-01-02T08:00:00Z", "2026-01-02T08:00:00.123456789+01:00", "2026-01-02T25:00", "2026-W01-1", '"2026-01-02 "'),
]


class Editor(yaml.SafeLoader):
    """YAML 1.2 with its core schema, as an editor reads it."""


Editor.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", None),
    ("merge", r"<<", ["<"]),
):
    Editor.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"({_pattern})$"), _first)


def _int(loader: Editor, node: yaml.ScalarNode) -> int:
    text = node.value.lower()
    return int(text, {"0x": 16, "0o": 8}.get(text[:2], 10))


def _float(loader: Editor, node: yaml.ScalarNode) -> float:
    return float(node.value.replace(".i", "i").replace(".n", "n"))


Editor.add_constructor("tag:yaml.org,2002:merge", Editor.construct_scalar)
Editor.add_constructor("tag:yaml.org,2002:int", _int)
Editor.add_constructor("tag:yaml.org,2002:float", _float)


def policy(rule: str) -> str:
    rest = "" if rule == "{}" else f", {rule}"
    return f"title: Test\nrules:\n  - {{name: One{rest}}}\n"


def schema_accepts(text: str) -> bool:
    try:
        return VALIDATOR.is_valid(yaml.load(text, Editor))
    except yaml.YAMLError:
        return False


def run_accepts(text: str, folder: Path) -> bool:
    file = folder / "policy.yml"
    file.write_text(text, encoding="utf-8")
    try:
        parse_rules(read_policy(str(file))["rules"], int(time.time() * 1000))
    except InputError:
        return False
    return True


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_committed_file_is_up_to_date() -> None:
    assert policy_schema.FILE.read_text(encoding="utf-8") == policy_schema.text(), (
        "run python -m tests.tools.policy_schema"
    )


@pytest.mark.parametrize(
    ("rule", "by_schema", "by_run"),
    [(rule, True, True) for rule in GOOD]
    + [(rule, False, False) for rule in BAD]
    + [(rule, True, False) for rule in ONLY_THE_RUN_REFUSES]
    + [(rule, False, True) for rule in ONLY_THE_SCHEMA_REFUSES],
)
def test_schema_and_run_agree(rule: str, by_schema: bool, by_run: bool, tmp_path: Path) -> None:
    text = policy(rule)
    assert (schema_accepts(text), run_accepts(text, tmp_path)) == (by_schema, by_run)


@pytest.mark.parametrize("place", PLACES)
def test_schema_and_run_agree_on_any_value(place: str, tmp_path: Path) -> None:
    answers = {}
    for value in VALUES:
        text = policy(place.replace("VALUE", value))
        answers[value] = schema_accepts(text), run_accepts(text, tmp_path)
    different = {value: answer for value, answer in answers.items() if len(set(answer)) > 1}
    # For the schema it is a number, and no regular expression begins so.
    assert different == ({"+5": (True, False)} if place == "match: {name: VALUE}" else {})


@pytest.mark.parametrize("key", ["title", "description"])
def test_schema_and_run_agree_on_the_keys_beside_the_rules(key: str, tmp_path: Path) -> None:
    for value in VALUES:
        text = policy("match: {}").replace("title: Test", f"{key}: {value}")
        assert schema_accepts(text) == run_accepts(text, tmp_path), value


@pytest.mark.parametrize("text", ["rules: []", "{}", "rules: {}", "rules: [], extra: 1", "rules: [1]", "title: [a]"])
def test_what_is_no_policy_is_refused(text: str) -> None:
    assert not schema_accepts("{" + text.strip("{}") + "}")


def described(schema: dict[str, object]) -> list[str]:
    """Every description in a schema."""
    found = [value for key, value in schema.items() if key == "description" and isinstance(value, str)]
    for value in schema.values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                found += described(item)
    return found


def test_descriptions_are_plain_text() -> None:
    texts = described(SCHEMA)
    assert len(texts) > 40
    assert not [text for text in texts if "\\" in text or "O(" in text or "V(" in text or "C(" in text]


@pytest.mark.parametrize("file", sorted((ROOT / "roles/case_hygiene/files").glob("*.yml")), ids=lambda file: file.name)
def test_policies_that_are_shipped_fit(file: Path, tmp_path: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=policy.schema.json\n")
    VALIDATOR.validate(yaml.load(text, Editor))
    assert run_accepts(text, tmp_path)
