# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The JSON Schema of a policy says of each policy what the module says of it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._rule_options import parse_rules
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._policy_file import read_policy
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
ONLY_THE_MODULE = """
match: {name: '('}
match: {min_score: 20, max_score: 10}
match: {status: [New], not_status: [New]}
match: {tags: {all: [a], none: [a]}}
match: {tags: {any: [" "]}}
match: {newer_than: 7d, older_than: 14d}
match: {newer_than: 2999-01-01}
match: {}, set: {tags: {add: [a], delete: [a]}}
match: {}, set: {assignee: " "}
""".strip().splitlines()

# What Ansible accepts beside the form that is documented.
ONLY_THE_SCHEMA = """
match: {status: New}
match: {min_size: "3"}
match: {}, set: {status: Resolved, update_alerts: "yes"}
""".strip().splitlines()


def policy(tmp_path: Path, rule: str) -> dict[str, object]:
    rest = "" if rule == "{}" else f", {rule}"
    file = tmp_path / "policy.yml"
    file.write_text(f"title: Test\nrules:\n  - {{name: One{rest}}}\n", encoding="utf-8")
    return read_policy(str(file))


def schema_accepts(policy: dict[str, object]) -> bool:
    return VALIDATOR.is_valid(policy)


def module_accepts(policy: dict[str, object]) -> bool:
    try:
        parse_rules(policy["rules"], int(time.time() * 1000))  # type: ignore[arg-type]
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
    ("rule", "by_schema", "by_module"),
    [(rule, True, True) for rule in GOOD]
    + [(rule, False, False) for rule in BAD]
    + [(rule, True, False) for rule in ONLY_THE_MODULE]
    + [(rule, False, True) for rule in ONLY_THE_SCHEMA],
)
def test_schema_and_module_agree(rule: str, by_schema: bool, by_module: bool, tmp_path: Path) -> None:
    given = policy(tmp_path, rule)
    assert (schema_accepts(given), module_accepts(given)) == (by_schema, by_module)


@pytest.mark.parametrize("text", ["rules: []", "{}", "rules: {}", "rules: [], extra: 1", "rules: [1]", "title: [a]"])
def test_what_is_no_policy_is_refused(text: str) -> None:
    assert not schema_accepts(yaml.safe_load("{" + text.strip("{}") + "}"))


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
def test_policies_that_are_shipped_fit(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=policy.schema.json\n")
    given = read_policy(str(file))
    VALIDATOR.validate(given)
    assert module_accepts(given)
