# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures for tests that run ansible-rulebook. They use the built artefact, as a user installs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cores import cores
from tests.rulebook.engine import Engine, Running, install
from tests.simulator.process import Simulator, start


@pytest.fixture(scope="session")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the collection, install the artefact and return the collections path."""
    return cores.install_artefact(tmp_path_factory.mktemp("artefact"))


@pytest.fixture(scope="session")
def engine(collections: Path, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The engine; skipped, with the reason, where the machine has no Java or no Python for it."""
    try:
        return install(collections, tmp_path_factory.mktemp("home"))
    except cores.Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with start("--cases", "60") as running:
        yield running


@pytest.fixture
def rulebook(engine: Engine, sim: Simulator, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """rulebook(name or file, *arguments) starts the engine; none of them outlives the test."""
    started: list[Running] = []

    def begin(*arguments: Any) -> Running:
        started.append(engine.start(sim, tmp_path, *arguments))
        return started[-1]

    yield begin
    for running in started:
        if running.process.poll() is None:
            running.kill()
