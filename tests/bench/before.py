# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""This tree and that of an earlier revision in turn: has anything become slower?

Run it from the repository root: python tests/bench/before.py [revision], or: make bench BEFORE=revision
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.many_cases import TAG, Way, check
from tests.bench.ways.measure import ROOT, WrongError, machine, run, target
from tests.simulator.process import start

LATENCY_S = 0.02
ROUNDS = 5
MOST = 1.05
WAYS = (Way("c", "loop of stellar_case", 200), Way("d", "stellar_cases, 16 workers", 1000, 16))


@contextmanager
def collections_of(revision: str) -> Iterator[Path]:
    """Unpack a revision where Ansible finds the collection. Yields the folder for ANSIBLE_COLLECTIONS_PATH."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory, "ansible_collections/stellarcyber/xdr")
        root.mkdir(parents=True)
        archive = subprocess.run(["git", "archive", revision], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
        subprocess.run(["tar", "-x"], cwd=root, input=archive, check=True)
        yield Path(directory)


def seconds(way: Way, collections: Path | None) -> float:
    """Measure a way once. collections: the folder of another tree than this."""
    environment = {} if collections is None else {"ANSIBLE_COLLECTIONS_PATH": str(collections)}
    with (
        start("--cases", way.cases, "--latency-ms", LATENCY_S * 1000) as simulator,
        tempfile.TemporaryDirectory() as directory,
    ):
        case_ids = [case["_id"] for case in simulator.cases()]
        result = run(simulator, *way.commands(case_ids, Path(directory)), **environment)
        check(simulator, set(case_ids), result)
    return result.seconds


def main() -> int:
    parser = argparse.ArgumentParser(description="This tree beside that of an earlier revision.")
    default = os.environ.get("BEFORE", "HEAD")
    parser.add_argument("revision", nargs="?", default=default, help="what this tree is compared with (%(default)s)")
    revision = parser.parse_args().revision
    print(
        f"Tag {TAG}, {LATENCY_S * 1000:g} ms a call, {ROUNDS} rounds in turn, {machine()}. Medians of whole commands."
    )
    try:
        with collections_of(revision) as collections:
            for way in WAYS:
                rounds = [(seconds(way, collections), seconds(way, None)) for _number in range(ROUNDS)]
                before, now = (statistics.median(column) for column in zip(*rounds, strict=True))
                ratio = now / before
                seen = f"{ratio:.3f} times: {now:.2f} s, before {before:.2f} s"
                target(f"{way.text}, at most {MOST:g} times {revision}", ratio <= MOST, seen)
    except subprocess.CalledProcessError:
        print(f"git has no tree of {revision} here", file=sys.stderr)
        return 1
    except WrongError as error:
        print(f"WRONG: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
