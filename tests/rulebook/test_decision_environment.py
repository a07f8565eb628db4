# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The definition of a decision environment, as far as it can be tried without a registry of images."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.rulebook.engine import JAVA, PYTHONS, requirements

ROOT = Path(__file__).parents[2]
DEFINITION = ROOT / "docs/engines/decision-environment.yml"
BIN = Path(sys.executable).parent


def run(*command: str | Path, cwd: Path) -> str:
    # The link of .venv to the working tree would count as installed already.
    env = {**os.environ, "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false"}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def context(collections: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ansible-builder makes of the definition, beside the artefact of the collection."""
    folder = tmp_path_factory.mktemp("environment")
    shutil.copy(DEFINITION, folder)
    for artefact in collections.glob("*.tar.gz"):
        shutil.copy(artefact, folder)
    create = ["create", "-f", DEFINITION.name, "-c", "context", "--output-filename", "Containerfile"]
    run(BIN / "ansible-builder", *create, cwd=folder)
    return folder / "context"


def test_the_image_is_made_of_what_the_tests_run(context: Path) -> None:
    definition = yaml.safe_load(DEFINITION.read_text(encoding="utf-8"))
    core = definition["dependencies"]["ansible_core"]["package_pip"]
    asked = {text.replace(" ", "") for text in (core, *definition["dependencies"]["python"])}
    # The collection adds the third one, requests.
    assert asked < {text.replace(" ", "") for text in requirements()}
    container = (context / "Containerfile").read_text(encoding="utf-8")
    # Of a text with spaces, the shell of a build step makes several words.
    (references,) = re.findall(r'ARG ANSIBLE_INSTALL_REFS="(.*)"', container)
    assert references.split() == [core, "ansible-runner"]
    (python,) = re.findall(r'ARG PYCMD="/usr/bin/python3\.(\d+)"', container)
    assert int(python) in PYTHONS
    assert f"java-{JAVA}-openjdk" in (context / "_build/bindep.txt").read_text(encoding="utf-8")


def test_the_collection_is_installed_from_the_context_and_adds_requests(context: Path, tmp_path: Path) -> None:
    install = ["install", "--requirements-file", "requirements.yml", "--offline", "--collections-path", tmp_path]
    run(BIN / "ansible-galaxy", "collection", *install, cwd=context / "_build")
    assert (tmp_path / "ansible_collections/stellarcyber/xdr/extensions/eda/rulebooks/triage.yml").exists()
    found = run(sys.executable, context / "_build/scripts/introspect.py", "introspect", tmp_path, cwd=context)
    assert "requests >= 2.27" in found.replace(">=2.27", " >= 2.27")
