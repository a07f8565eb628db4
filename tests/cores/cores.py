# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every supported ansible-core that this machine can install, each in an environment of its own."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests import canaries
from tests.simulator.process import Simulator
from tests.tools import pythons

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache/cores"

# The minor versions of Python 3 that each series runs on
SERIES = {
    "2.18": range(11, 14),
    "2.19": range(11, 14),
    "2.20": range(12, 15),
    "2.21": range(12, 15),
    "2.22": range(13, 16),
}
PRERELEASES = {"2.22"}
# Names some of the series, separated by spaces; without it, tests run on each.
WANTED = "CORES"


class Unavailable(Exception):
    """This machine cannot have the series; the text says why."""


@dataclass(frozen=True)
class Core:
    """An installed ansible-core, and the environment variables to run it with."""

    series: str
    version: str
    bin: Path
    env: dict[str, str] = field(default_factory=dict)

    def play(
        self, simulator: Simulator, directory: Path, *arguments: str | Path, without: tuple[str, ...] = ()
    ) -> tuple[int, str]:
        """Run ansible-playbook in a directory: its exit code, and its output, which has no secret in it.

        without: environment variables that the run does not have.
        """
        done = self._run("ansible-playbook", simulator, directory, *arguments, without=without)
        return done.returncode, done.stdout + done.stderr

    def inventory(
        self, simulator: Simulator, directory: Path, *arguments: str | Path, **environment: str
    ) -> tuple[int, str, str]:
        """Run ansible-inventory in a directory: its exit code, and both of its outputs, without a secret in them."""
        done = self._run("ansible-inventory", simulator, directory, *arguments, **environment)
        return done.returncode, done.stdout, done.stderr

    def _run(
        self,
        program: str,
        simulator: Simulator,
        directory: Path,
        *arguments: str | Path,
        without: tuple[str, ...] = (),
        **environment: str,
    ) -> subprocess.CompletedProcess[str]:
        env = {**self.env, **simulator.env(), **environment}
        done = subprocess.run(
            [self.bin / program, *arguments],
            cwd=directory,
            env={name: value for name, value in env.items() if name not in without},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        output = done.stdout + done.stderr
        canaries.assert_none(canaries.of(simulator), output, where=f"output of {program}, on each ansible-core")
        return done


def wanted() -> list[str]:
    """Return the series to run on. Raises ValueError for an unknown one."""
    names = os.environ.get(WANTED, "").split() or list(SERIES)
    if unknown := [name for name in names if name not in SERIES]:
        raise ValueError(f"{WANTED}: {', '.join(unknown)}: must be of {', '.join(SERIES)}")
    return names


def requirement(series: str) -> str:
    """Return what pip is asked for: the newest release of the series."""
    # Only a bound that is a pre-release itself lets pip take one.
    return f"ansible-core~={series}.0" + ("b1" if series in PRERELEASES else "")


def choose(series: str, versions: Iterable[pythons.Version]) -> pythons.Version:
    """Return the oldest Python that the series runs on, so that several series use several Pythons."""
    return oldest(f"ansible-core {series}", SERIES[series], versions)


def oldest(what: str, wanted: range, versions: Iterable[pythons.Version]) -> pythons.Version:
    """Return the oldest Python 3 with one of the wanted minor versions. what: who needs it, for the message."""
    if fitting := [version for version in versions if version[0] == 3 and version[1] in wanted]:
        return min(fitting)
    raise Unavailable(f"{what} needs Python 3.{wanted[0]} to 3.{wanted[-1]}, and none was found")


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Let one process at a time install, however many test workers ask."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def install(series: str) -> Core:
    """Return the core of a series, installed on first use. Raise Unavailable if no Python fits."""
    directory = environment(series, f"ansible-core {series}", SERIES[series], requirement(series), "requests")
    query = "from importlib.metadata import version; print(version('ansible-core'), end='')"
    return Core(series=series, version=run(directory / "bin/python", "-c", query), bin=directory / "bin")


def environment(name: str, what: str, wanted: range, *requirements: str) -> Path:
    """Return a virtual environment with the requirements, made on first use. Raise Unavailable if no Python fits."""
    directory = CACHE / name
    stamp = directory / "installed"
    asked = "\n".join(requirements)
    with locked(name):
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != asked:
            found = pythons.find()
            python = found[oldest(what, wanted, found)]
            run(python, "-m", "venv", "--clear", directory)
            run(directory / "bin/python", "-m", "pip", "install", "-qq", *requirements)
            stamp.write_text(asked, encoding="utf-8")
    return directory


def install_artefact(directory: Path) -> Path:
    """Build the collection, install the artefact below the directory, and return that as the collections path."""
    galaxy = [sys.executable, "-m", "ansible", "galaxy", "collection"]
    subprocess.run([*galaxy, "build", "--output-path", directory], cwd=ROOT, check=True)
    install = [*galaxy, "install", *directory.glob("*.tar.gz"), "--offline", "--collections-path", directory]
    # The link of .venv to the working tree would count as installed already.
    env = {**os.environ, "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false"}
    subprocess.run(install, cwd=directory, env=env, check=True)
    return directory


def run(*command: str | Path) -> str:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
