# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of many changes and findings: seconds of each format, and what they add to a run of the playbook hygiene.

Run it from the repository root: python tests/bench/reports.py [cases]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import DEFAULT_FILES, FORMATS, Rendering
from tests.bench.ways.measure import WrongError, machine, run, target
from tests.simulator.process import Simulator, start

RULES = [
    {"name": "All get a tag", "match": {}, "set": {"tags": {"add": ["reported-by-the-benchmark"]}}},
    {"name": "All are findings", "match": {}},
]
# of the four default formats and the text, for 3,000 changes and 3,000 findings
FORMATS_S = 3.0


def play(simulator: Simulator, folder: Path, **variables: Any) -> float:
    """The seconds of a preview in which each case would change, and is a finding."""
    given = {"rules": RULES, "max_changes": "100%", "fail_on": "none", **variables}
    file = folder / "variables.json"
    file.write_text(json.dumps({f"case_hygiene_{name}": value for name, value in given.items()}), encoding="utf-8")
    playbook = Path(sys.executable).with_name("ansible-playbook")
    return run(simulator, [str(playbook), "stellarcyber.xdr.hygiene", "--check", "-e", f"@{file}"]).seconds


def render(report: dict[str, Any]) -> float:
    """The seconds of all formats of a run, from one view of its report."""
    Rendering({**report, "case_results": [], "findings": []}).text("html")  # Jinja reads the templates once
    begin = time.perf_counter()
    rendering = Rendering(report)
    assert rendering.view
    seconds = {"(content)": time.perf_counter() - begin}
    for name in FORMATS:
        started = time.perf_counter()
        rendering.text(name)
        seconds[name] = time.perf_counter() - started
    print("".join(f"{name:>12}" for name in seconds))
    print("".join(f"{each:>12.2f}" for each in seconds.values()))
    return sum(seconds[name] for name in ("(content)", *DEFAULT_FILES, "text"))


def main() -> int:
    parser = argparse.ArgumentParser(description="Reports of many changes and findings.")
    parser.add_argument("cases", nargs="?", type=int, default=3000, help="how many cases there are (%(default)s)")
    cases = parser.parse_args().cases
    print(f"{cases:,} changes and {cases:,} findings, {machine()}. Seconds:")
    try:
        with start("--cases", cases) as simulator, tempfile.TemporaryDirectory() as directory:
            folder = Path(directory)
            without = play(simulator, folder)
            reports = folder / "reports"
            with_reports = play(simulator, folder, report_dir=str(reports))
            all_of_them = play(
                simulator,
                folder,
                report_dir=str(reports),
                report_formats=[name for name in FORMATS if name != "text"],
                history=str(folder / "history"),
            )
            report = json.loads((reports / "hygiene.json").read_text(encoding="utf-8"))
    except WrongError as error:
        print(f"WRONG: {error}", file=sys.stderr)
        return 1
    if report["counts"]["changed"] != cases or report["counts"]["findings"] != cases:
        print(f"WRONG: {report['counts']}", file=sys.stderr)
        return 1
    seconds = render(report)
    print(f"The playbook hygiene, without reports {without:.1f}, with the four {with_reports:.1f}, ", end="")
    print(f"with six and a history {all_of_them:.1f}")
    target(f"five formats in under {FORMATS_S:g} s", seconds < FORMATS_S, f"{seconds:.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
