# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Change the code in a thousand small ways, and see whether the unit tests notice each.

mutmut makes the mutants and runs the tests that reach a mutant's function, in a copy under .cache/mutants. A mutant
that no test notices is a survivor, and has to be explained in tests/mutants/explained.toml: why it is no mistake, or
why no test is worth it. mutmut leaves alone what is outside of functions, and functions with a decorator.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import os
import resource
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests import evidence

ROOT = Path(__file__).parents[2]
WORK = ROOT / ".cache/mutants"
EXPLAINED = ROOT / "tests/mutants/explained.toml"
PACKAGE = Path("ansible_collections/stellarcyber/xdr/plugins")

# The tests that judge a module: its own, and those of what is built on it.
TESTS = {
    "_model/comment": ("_model/test_comment",),
    "_model/plan": ("_model/test_plan", "_model/test_policy", "_model/test_undo"),
    "_model/policy": ("_model/test_policy", "_model/test_policy_properties"),
    "_model/query": ("_model/test_query", "_model/test_query_splits", "_argspec/test_rules"),
    "_model/saved_plan": ("_model/test_saved_plan",),
    "_model/times": ("_model/test_times", "_model/test_time_properties"),
    "_http/auth": ("_http/test_auth",),
    "_http/client": ("_http/test_client", "_http/test_retries", "_http/test_request", "_http/test_no_answer"),
    "_http/retries": ("_http/test_retries", "_http/test_no_answer", "_http/test_token_renewal"),
    "_http/token_renewal": ("_http/test_token_renewal", "_http/test_exchange_answers", "_http/test_client"),
    "_http/session": ("_http/test_session", "_http/test_client", "_http/test_retries"),
    "_http/scrub": ("_http/test_scrub",),
    "_http/request": (
        "_http/test_request",
        "_http/test_no_answer",
        "_http/test_exchange_answers",
        "_http/test_client",
        "_http/test_retries",
        "_http/test_token_renewal",
    ),
}

# Exit codes of mutmut's children: pytest's, and signals. An endless loop meets a limit of time or of memory.
KILLED = (1, 3)
TIMED_OUT = (-24, 24, 36, 152, 255, -9)
MEMORY_BYTES = 4 * 2**30


class Mutant(NamedTuple):
    """A change, told by what does not move when lines above it do."""

    function: str
    was: str
    becomes: str


class Result(NamedTuple):
    module: str
    mutants: int
    timed_out: int
    survivors: list[Mutant]


def prepare(module: str) -> Path:
    """A folder for mutmut, which copies what it needs of it into a folder of its own, and writes there only."""
    work = WORK / module
    shutil.rmtree(work, ignore_errors=True)
    (work / PACKAGE.parent).mkdir(parents=True)
    (work / PACKAGE).symlink_to(ROOT / "plugins")
    for name in ("tests", "pyproject.toml"):
        (work / name).symlink_to(ROOT / name)
    (work / "conftest.py").symlink_to(ROOT / "tests/mutants/conftest.py")
    settings = {
        "source_paths": [PACKAGE / "module_utils"],
        "only_mutate": [PACKAGE / f"module_utils/{module}.py"],
        "also_copy": ["conftest.py", PACKAGE],
        "pytest_add_cli_args_test_selection": [f"tests/unit/plugins/module_utils/{name}.py" for name in TESTS[module]],
        # Seconds: (those of the tests that a mutant is judged by + 4) x 5
        "timeout_constant": [4],
        "timeout_multiplier": [5],
    }
    lines = [f"{name} =" + "".join(f"\n  {value}" for value in values) for name, values in settings.items()]
    (work / "setup.cfg").write_text("[mutmut]\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return work


def run(module: str, children: int) -> Result:
    work = prepare(module)
    with (work / "log").open("wb") as log:
        done = subprocess.run(
            [Path(sys.executable).with_name("mutmut"), "run", f"--max-children={children}"],
            cwd=work,
            # One order of tests in every run
            env={**os.environ, "PYTHONHASHSEED": "0"},
            check=False,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES)),
        )
    if done.returncode:
        sys.exit((work / "log").read_text(encoding="utf-8", errors="replace")[-5000:] + f"\n{module}: mutmut failed")
    mutated = work / "mutants" / PACKAGE / f"module_utils/{module}.py"
    codes = json.loads(Path(f"{mutated}.meta").read_text(encoding="utf-8"))["exit_code_by_key"]
    codes = {name.rpartition(".")[2]: code for name, code in codes.items()}
    survivors = [name for name, code in codes.items() if code not in KILLED + TIMED_OUT]
    return Result(
        module,
        len(codes),
        sum(code in TIMED_OUT for code in codes.values()),
        list(told(mutated.read_text(encoding="utf-8"), survivors)),
    )


def told(code: str, names: list[str]) -> Iterator[Mutant]:
    """What mutants change. mutmut keeps all variants of a function in one file: x_f__mutmut_orig, x_f__mutmut_1."""
    lines = code.splitlines()
    functions = {
        node.name: [line.strip() for line in lines[node.lineno - 1 : node.end_lineno]]
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.FunctionDef)
    }
    for name in names:
        mangled = name.rpartition("__mutmut_")[0]
        variants = [
            [line.replace(variant, mangled) for line in functions[variant]]
            for variant in (f"{mangled}__mutmut_orig", name)
        ]
        changes = [line for line in difflib.ndiff(*variants) if line[0] in "-+"]
        yield Mutant(
            mangled.removeprefix("x_").removeprefix("xǁ").replace("ǁ", "."),
            *("\n".join(line[2:] for line in changes if line[0] == sign) for sign in "-+"),
        )


def explained(module: str) -> dict[Mutant, str]:
    """The reasons why mutants may survive."""
    entries = tomllib.loads(EXPLAINED.read_text(encoding="utf-8")).get(module, [])
    return {
        Mutant(entry["function"], entry["was"], becomes): entry["why"]
        for entry in entries
        for becomes in entry["becomes"]
    }


def report(result: Result) -> bool:
    """Print what has to be mended. False if something is not explained, or an explanation explains nothing."""
    known = explained(result.module)
    unexplained = [mutant for mutant in result.survivors if mutant not in known]
    idle = [mutant for mutant in known if mutant not in result.survivors]
    for words, mutants in (
        ("No test notices this, and nothing explains it", unexplained),
        ("This is explained, and did not survive", idle),
    ):
        for mutant in mutants:
            print(f"\n{words}: {result.module}.{mutant.function}")
            print("\n".join(f"  - {line}" for line in mutant.was.splitlines()))
            print("\n".join(f"  + {line}" for line in mutant.becomes.splitlines()))
    return not unexplained and not idle


def figures(result: Result) -> dict[str, str | int]:
    """killed counts those that timed out as well."""
    survived = len(result.survivors)
    killed = result.mutants - survived
    return {
        "module": result.module,
        "mutants": result.mutants,
        "killed": killed,
        "timed_out": result.timed_out,
        "survived": survived,
        "explained": sum(mutant in explained(result.module) for mutant in result.survivors),
        "score": f"{100 * killed / result.mutants:.1f} %",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("modules", nargs="*", metavar="module", help=", ".join(TESTS))
    parser.add_argument("--children", type=int, default=1, help="processes that run tests")
    args = parser.parse_args()
    columns = ("module", "mutants", "killed", "timed_out", "survived", "explained", "score")
    print("".join(f"{name.replace('_', ' '):>10}" for name in columns))
    good = True
    for module in args.modules or TESTS:
        result = run(module, args.children)
        row = figures(result)
        print("".join(f"{row[name]:>10}" for name in columns), flush=True)
        good &= report(result)
        if not args.modules:
            evidence.record("mutants", suite="mutants", **row)
    sys.exit(not good)


if __name__ == "__main__":
    main()
