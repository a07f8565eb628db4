# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures for tests that run on every supported ansible-core.

They use the built artefact, as a user installs it, and nothing of the working tree.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cores import cores
from tests.simulator.process import Simulator, start


@pytest.fixture(scope="session")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the collection, install the artefact and return the collections path."""
    return cores.install_artefact(tmp_path_factory.mktemp("artefact"))


@pytest.fixture(scope="session", params=cores.wanted())
def core(request: pytest.FixtureRequest, collections: Path, tmp_path_factory: pytest.TempPathFactory) -> cores.Core:
    """Give each ansible-core in turn; skipped, with the reason, where the machine has no Python for it."""
    try:
        found = cores.install(request.param)
    except cores.Unavailable as reason:
        pytest.skip(str(reason))
    home = tmp_path_factory.mktemp(f"home-{found.series}")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("ANSIBLE_", "PYTHON", "STELLAR_"))}
    env = {
        **inherited,
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_NOCOLOR": "true",
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "PATH": os.pathsep.join([str(found.bin), os.environ.get("PATH", os.defpath)]),
    }
    return replace(found, env=env)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with start() as running:
        yield running
