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
    match: {name: ^vendor$, min_score: 0}
    set: {tags: {add: [0123, 1.10, no], delete: "a, b"}}
"""
ENCRYPTED = "is encrypted with ansible-vault, and"
OPTIONS = "Give the password by --vault-password-file, --ask-vault-pass or --vault-id."
CASE = {"_id": "0" * 24, "ticket_id": 5, "name": "vendor", "score": 1, "tags": ["a", "b", "c"]}


@pytest.fixture
def read(core, simulator, tmp_path, monkeypatch):
    """read(content, *arguments): exit code and output of a run with a policy that is encrypted."""
    temporary = tmp_path / "temporary"
    monkeypatch.setenv("ANSIBLE_LOCAL_TEMP", str(temporary))
    (tmp_path / "right").write_text("correct-horse", encoding="utf-8")
    (tmp_path / "wrong").write_text("battery-staple", encoding="utf-8")
    simulator.reset()
    simulator.add_cases([CASE])

    def run(content, *arguments):
        policy = tmp_path / "policy.yml"
        policy.write_text(content, encoding="utf-8")
        vault = [core.bin / "ansible-vault", "encrypt", "--vault-password-file", "right", policy]
        subprocess.run(vault, cwd=tmp_path, env=core.env, check=True, capture_output=True)
        given = json.dumps({"case_hygiene_policy_file": "policy.yml", "case_hygiene_report_dir": "reports"})
        code, output = core.play(simulator, tmp_path, "stellarcyber.xdr.hygiene", "-e", given, *arguments)
        left = [file for file in temporary.rglob("*") if file.is_file()] if temporary.exists() else []
        assert left == [], core.version
        return code, f"{core.version}\n{output}"

    return run


@pytest.mark.parametrize("option", ["--vault-password-file=right", "--vault-id=soc@right"])
def test_it_is_read_with_the_password_of_the_run(read, option, simulator, tmp_path):
    code, output = read(POLICY, option)
    assert code == 0, output
    assert "WARNING" not in output, output
    assert sorted(simulator.case(CASE["_id"])["tags"]) == ["0123", "1.10", "c", "no"]
    assert json.loads((tmp_path / "reports/hygiene.json").read_text(encoding="utf-8"))["title"] == "Sesame"


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
        (
            "rules: []\nsesame: 1",
            ["--vault-password-file=right"],
            "line 2: a key is unknown; valid keys are rules, title, description.",
        ),
    ],
)
def test_what_is_wrong_is_said_without_its_content(read, content, arguments, message, tmp_path):
    code, output = read(content, *arguments)
    assert code == 4, output
    assert f"Policy {tmp_path}/policy.yml: {message}" in output, output
    assert "sesame" not in output.lower(), output
