# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A policy file is data, and what is wrong with it is said with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._policy_file import read_policy
from tests import evidence, hostile_text


def read(tmp_path: Path, content: str | bytes) -> dict[str, object]:
    file = tmp_path / "policy.yml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_policy(str(file))


def test_values_are_what_an_editor_shows(tmp_path: Path) -> None:
    text = "title: On call\nrules: [{tags: [no, On, yes, true, 12, 2026-01-02, TruePositive, '{{ 1 + 1 }}', é]}]\n"
    tags = ["no", "On", "yes", True, 12, "2026-01-02", "TruePositive", "{{ 1 + 1 }}", "é"]
    assert read(tmp_path, text) == {"title": "On call", "rules": [{"tags": tags}]}
    assert read(tmp_path, text.encode("utf-8-sig")) == read(tmp_path, text)


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
        (b"\xff\xfe\x00", "is no YAML: "),
        (b"title: \x07\n", "is no YAML: "),
        ("[" * 5000, "is no YAML: "),
        ("", "line 1: the file is empty. The rules stand below a key rules."),
        ("# only\n", "line 1: the file is empty."),
        ("- name: a\n", "line 1: the file does not begin with keys."),
        ("just text", "line 1: the file does not begin with keys."),
        ("title: a\n", "line 1: there is no key rules."),
        ("rules: {a: b}\n", "line 1: rules is no list."),
        ("rules:\n", "line 1: rules is no list."),
        ("title: [a]\nrules: []\n", "line 1: title is no text."),
        ("rules: []\n\nrule: []\n", "line 3: the key 'rule' is unknown. Known here are rules, title, description."),
        ("rules: []\n? [a]\n: b\n", "line 2: a key is no text."),
        ("rules:\n- match:\n    tags: {any: [a]}\n    tags: {none: [b]}\n", "line 4: the key 'tags' is there twice."),
        ("rules: [{a: &x {b: 1, b: 2}, c: *x}]\n", "line 1: the key 'b' is there twice."),
        ("rules: &a [*a]\n", "line 1: an anchor holds itself."),
    ],
)
def test_mistakes_have_their_line(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(InputError) as raised:
        read(tmp_path, content)
    assert str(raised.value).startswith(f"Policy {tmp_path}/policy.yml: {message}")
    assert "\n" not in str(raised.value)


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
