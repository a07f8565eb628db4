# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A policy file is data, and what is wrong with it is said with its line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.parsing.vault import AnsibleVaultError

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.rules import parse_rules
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene import policy_file
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.policy_file import read_policy
from tests import evidence, hostile_text


def read(tmp_path: Path, content: str | bytes) -> dict[str, object]:
    file = tmp_path / "policy.yml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_policy(str(file))


SCALAR_TEXTS = """
no On yes true False y 12 0123 1.10 1_000 0x1F 0o17 1e3 .inf .nan 12:30 -5 +5 2026-01-02 2026-01-02T08:00:00Z = <<
TruePositive é
"""
SCALARS = SCALAR_TEXTS.split()


def test_scalars_are_the_text_that_stands_in_the_file(tmp_path: Path) -> None:
    text = f"title: 5\nrules: [{{name: On call, '0123': 1, tags: [{', '.join(SCALARS)}, ' a ', '{{{{ 1 + 1 }}}}']}}]\n"
    rule = {"name": "On call", "0123": "1", "tags": [*SCALARS, " a ", "{{ 1 + 1 }}"]}
    assert read(tmp_path, text) == {"title": "5", "rules": [rule]}
    assert read(tmp_path, text.encode("utf-8-sig")) == read(tmp_path, text)


def test_only_null_is_no_text(tmp_path: Path) -> None:
    text = (
        "rules: [null, ~, Null, '', 'null', nul, !!int 0123, !!bool no, !!timestamp 2026-01-02, !!str null]\ntitle:\n"
    )
    rules = [None, None, None, "", "null", "nul", "0123", "no", "2026-01-02", "null"]
    assert read(tmp_path, text) == {"rules": rules, "title": None}


def test_numbers_and_booleans_are_what_their_option_takes(tmp_path: Path) -> None:
    rule = """
rules:
  - name: 5
    match: {min_score: 75, max_score: 80.5, min_size: 0x0A, max_size: "20", older_than: 1660835991789}
    set: {status: Resolved, update_alerts: no, name: 0123, tags: {add: [0123, 1.10, no, "no"], delete: 2026-01-02}}
"""
    (parsed,) = parse_rules(read(tmp_path, rule)["rules"], 1_700_000_000_000)  # type: ignore[arg-type]
    query, desired = parsed.match.query, parsed.desired
    assert (query.min_score, query.max_score, query.min_size, parsed.match.max_size) == (75, 80.5, 10, 20)
    assert query.created_before == 1660835991789
    assert desired is not None
    assert desired.tags is not None
    assert (parsed.name, desired.update_alerts, desired.name) == ("5", False, "0123")
    assert (desired.tags.add, desired.tags.remove) == (("0123", "1.10", "no"), ("2026-01-02",))


def test_anchors_and_merges_work(tmp_path: Path) -> None:
    text = "rules:\n- &one {name: a, match: &open {status: [New]}}\n- {<<: *one, name: b}\n- {name: c, match: *open}\n"
    match = {"status": ["New"]}
    assert read(tmp_path, text) == {"rules": [{"name": name, "match": match} for name in "abc"]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("rules:\n  - name: a\n   match: x\n", "line 3, column 4: "),
        ("rules: [\n", "line 2, column 1: "),
        ("rules: []\ntitle: !!python/object:os.system x\n", "line 2, column 8: could not determine a constructor for"),
        ("rules: *nothing\n", "line 1, column 8: found undefined alias"),
        ("a: 1\n---\nb: 2\n", "line 2, column 1: but found another document"),
        (b"\xff\xfe\x00", "is not valid YAML: "),
        (b"title: \x07\n", "is not valid YAML: "),
        ("[" * 5000, "is not valid YAML: "),
        ("", "line 1: the file is empty. Put the rules under the key rules."),
        ("# only\n", "line 1: the file is empty."),
        ("- name: a\n", "line 1: the file must be a dictionary."),
        ("just text", "line 1: the file must be a dictionary."),
        ("title: a\n", "line 1: the key rules is required."),
        ("rules: {a: b}\n", "line 1: rules must be a list."),
        ("rules:\n", "line 1: rules must be a list."),
        ("title: [a]\nrules: []\n", "line 1: title must be a string."),
        ("rules: []\n\nrule: []\n", "line 3: the key 'rule' is unknown; valid keys are rules, title, description."),
        ("rules: []\n? [a]\n: b\n", "line 2: a key must be a string."),
        ("rules:\n- match:\n    tags: {any: [a]}\n    tags: {none: [b]}\n", "line 4: the key 'tags' is given twice."),
        ("rules: [{a: &x {b: 1, b: 2}, c: *x}]\n", "line 1: the key 'b' is given twice."),
        ("rules: &a [*a]\n", "line 1: an anchor refers to itself."),
        (
            "rules:\n- name: !vault |\n    $ANSIBLE_VAULT;1.1\n",
            "line 2: a single encrypted value (!vault) is not supp",
        ),
        ("title: !!binary aGk=\nrules: []\n", "line 1, column 8: could not determine a constructor for"),
        ("title: a\nrules: [!!set {a}]\n", "line 2, column 9: could not determine a constructor for"),
    ],
)
def test_mistakes_have_their_line(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(InputError) as raised:
        read(tmp_path, content)
    assert str(raised.value).startswith(f"Policy {tmp_path}/policy.yml: {message}")
    assert "\n" not in str(raised.value)


VAULTED = "$ANSIBLE_VAULT;1.1;AES256\n6132\n"


def decrypted(content: str | bytes) -> Callable[[str], bytes]:
    return lambda path: content.encode() if isinstance(content, str) else content


def test_an_encrypted_file_is_what_it_is_decrypted_to(tmp_path: Path) -> None:
    file = tmp_path / "policy.yml"
    file.write_text(VAULTED, encoding="utf-8")
    asked = []
    content = b"title: 5\nrules: []\n"
    assert read_policy(str(file), lambda path: asked.append(path) or content) == {"title": "5", "rules": []}
    assert asked == [str(file)]
    with pytest.raises(
        InputError, match=r"policy.yml: is encrypted with ansible-vault\. Give the password by --vault-p"
    ):
        read_policy(str(file))


def test_a_file_that_is_not_encrypted_needs_no_password(tmp_path: Path) -> None:
    file = tmp_path / "policy.yml"
    file.write_text("rules: []\n", encoding="utf-8")
    assert read_policy(str(file), lambda path: b"") == {"rules": []}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("rules: []\n? [sesame]\n", "line 2: a key must be a string."),
        ("rules: []\nsesame: 1\n", "line 2: a key is unknown; valid keys are rules, title, description."),
        ("rules: [{sesame: 1,\n sesame: 2}]\n", "line 2: a key is given twice."),
        ("rules: *sesame\n", "line 1, column 8: the YAML is not valid."),
        ("rules: [&key sesame,\n *sesame]\n", "line 2, column 2: the YAML is not valid."),
        ("rules: [!sesame a]\n", "line 1, column 9: the YAML is not valid."),
        ("rules: [!sesame!x a]\n", "line 1, column 9: the YAML is not valid."),
        ("rules: [!!binary sesame]\n", "line 1, column 9: the YAML is not valid."),
        ("rules:\n\t- sesame\n", "line 2, column 1: the YAML is not valid."),
        ("sesame", "line 1: the file must be a dictionary."),
        (b"title: sesame\x07\n", "is not valid YAML."),
        (b"title: sesame\xff\n", "is not valid YAML."),
    ],
)
def test_mistakes_of_an_encrypted_file_have_their_line_and_quote_nothing(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    file = tmp_path / "policy.yml"
    file.write_text(VAULTED, encoding="utf-8")
    with pytest.raises(InputError) as raised:
        read_policy(str(file), decrypted(content))
    assert str(raised.value).startswith(f"Policy {file}: {message}")
    assert "sesame" not in str(raised.value)
    assert raised.value.__context__ is None or raised.value.__suppress_context__


class Loader:
    """What a DataLoader does with an encrypted file. outcome: the decrypted file, or what is raised."""

    def __init__(self, outcome: Path | Exception) -> None:
        self.outcome = outcome

    def get_real_file(self, path: str) -> str:
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return str(self.outcome)

    def cleanup_tmp_file(self, path: str) -> None:
        Path(path).unlink(missing_ok=True)


def test_the_decrypted_copy_is_removed(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.write_bytes(b"rules: []\n")
    assert policy_file.decrypted(Loader(copy), "policy.yml") == b"rules: []\n"
    assert not copy.exists()


FULL = AnsibleParserError("could not write /tmp/tmp1sesame")
FULL.__cause__ = OSError(28, "No space left on device")
UNDECRYPTED = [
    (
        AnsibleVaultError("sesame"),
        "is encrypted with ansible-vault, and no vault password of this run decrypts it. Give",
    ),
    (AnsibleParserError("sesame"), "is encrypted with ansible-vault, and this run has no vault password. Give the"),
    (FULL, "can't be decrypted: No space left on device. Free space for the decrypted file."),
    (AnsibleError("sesame"), "is encrypted with ansible-vault, and can't be decrypted. Run ansible-vault view to see"),
    (OSError("sesame"), "is encrypted with ansible-vault, and can't be decrypted. Run ansible-vault view to see why"),
]


@pytest.mark.parametrize(("raised", "message"), UNDECRYPTED)
def test_why_a_file_can_not_be_decrypted(raised: Exception, message: str) -> None:
    with pytest.raises(InputError) as caught:
        policy_file.decrypted(Loader(raised), "policy.yml")
    assert str(caught.value).startswith(f"Policy policy.yml: {message}")
    # Ansible's own text can name the temporary file.
    assert "sesame" not in str(caught.value)


def test_a_pipe_that_nothing_writes_to_is_empty(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "policy.yml")
    with pytest.raises(InputError, match="line 1: the file is empty"):
        read_policy(str(tmp_path / "policy.yml"))


def test_a_file_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Policy .*/none.yml: can't be read: No such file or directory\. A relative"):
        read_policy(str(tmp_path / "none.yml"))
    with pytest.raises(InputError, match=r"can't be read: Is a directory\."):
        read_policy(str(tmp_path))


def test_hostile_text_is_text_or_a_mistake_that_can_be_printed(tmp_path: Path) -> None:
    for title, text in hostile_text.texts(tmp_path / "executed").items():
        text = text[:10_000]
        held = "a\ufffdb\ufffdc\ufffd31m" if title == "lone surrogates" else text
        assert read(tmp_path, json.dumps({"title": text, "rules": [text]})) == {"title": held, "rules": [held]}, title
        for content in (json.dumps({"rules": [], f"-{text}": 1}), text.encode("utf-8", "replace")):
            with pytest.raises(InputError) as raised:
                read(tmp_path, content)
            message = str(raised.value).replace(str(tmp_path), "")
            assert "\n" not in message, title
            assert hostile_text.steering(message) == [], title
            assert hostile_text.commands(message) == [], title
        evidence.record("hostile text", text=title, place="policy file", through="case_policy")
    assert not (tmp_path / "executed").exists()
