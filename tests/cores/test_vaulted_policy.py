# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A policy file that is encrypted with ansible-vault, on every ansible-core that this machine can install."""

from __future__ import annotations

import json
import subprocess

import pytest

POLICY = """
title: Sesame
rules:
  - name: Vendor
    match: {name: vendor, min_score: 0}
    set: {tags: {add: [0123, 1.10, no], delete: "a, b"}}
"""
EXPECTED = {
    "title": "Sesame",
    "rules": [
        {
            "name": "Vendor",
            "match": {"name": "vendor", "min_score": "0"},
            "set": {"tags": {"add": ["0123", "1.10", "no"], "delete": "a, b"}},
        }
    ],
}
ENCRYPTED = "is encrypted with ansible-vault, and"
OPTIONS = "Give the password by --vault-password-file, --ask-vault-pass or --vault-id."
PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - stellarcyber.xdr.case_policy:
        path: policy.yml
      register: read
    - ansible.builtin.copy:
        content: "{{ read.policy | to_json }}"
        dest: read.json
        mode: "0600"
"""


@pytest.fixture
def read(core, simulator, tmp_path, monkeypatch):
    """read(content, *arguments): exit code and output of a play that reads a policy that is encrypted."""
    temporary = tmp_path / "temporary"
    monkeypatch.setenv("ANSIBLE_LOCAL_TEMP", str(temporary))
    (tmp_path / "right").write_text("correct-horse", encoding="utf-8")
    (tmp_path / "wrong").write_text("battery-staple", encoding="utf-8")
    (tmp_path / "play.yml").write_text(PLAY, encoding="utf-8")

    def run(content, *arguments):
        policy = tmp_path / "policy.yml"
        policy.write_text(content, encoding="utf-8")
        vault = [core.bin / "ansible-vault", "encrypt", "--vault-password-file", "right", policy]
        subprocess.run(vault, cwd=tmp_path, env=core.env, check=True, capture_output=True)
        code, output = core.play(simulator, tmp_path, "play.yml", *arguments)
        left = [file for file in temporary.rglob("*") if file.is_file()] if temporary.exists() else []
        assert left == [], core.version
        return code, f"{core.version}\n{output}"

    return run


@pytest.mark.parametrize("option", ["--vault-password-file=right", "--vault-id=soc@right"])
def test_it_is_read_with_the_password_of_the_run(read, option, tmp_path):
    code, output = read(POLICY, option)
    assert code == 0, output
    assert "WARNING" not in output, output
    assert json.loads((tmp_path / "read.json").read_text(encoding="utf-8")) == EXPECTED


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        (
            POLICY,
            [],
            f"{ENCRYPTED} this run has no vault password. {OPTIONS}",
        ),
        (
            POLICY,
            ["--vault-password-file=wrong"],
            f"{ENCRYPTED} no vault password of this run decrypts it. {OPTIONS}",
        ),
        ("title: &sesame\nrules: *Sesame", ["--vault-password-file=right"], "line 2, column 8: the YAML is not valid."),
        ("rules: []\nsesame: 1", ["--vault-password-file=right"], "line 2: a key is unknown."),
    ],
)
def test_what_is_wrong_is_said_without_its_content(read, content, arguments, message, tmp_path):
    code, output = read(content, *arguments)
    assert code == 2, output
    assert f"Policy {tmp_path}/policy.yml: {message}" in output, output
    assert "sesame" not in output.lower(), output
