# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write docs/reliability.md from what the tests wrote down as they ran (tests/evidence.py).

With --compare it prints in what this run differs from the page: rows and outcomes, not the figures that differ from
machine to machine. That is no failure, since a machine may lack what some rows need, as IPv6.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jinja2

from tests import evidence
from tests.faults import CALLS, FAULTS

PAGE = Path(__file__).parents[2] / "docs/reliability.md"
TEMPLATES = Path(__file__).parent / "reliability"
# The parts of the page in their order, and the kinds of facts that each is made from
PARTS = {
    "figures": (
        "canaries",
        "edit",
        "fault",
        "fuzz",
        "hostile server",
        "hostile text",
        "mutants",
        "network",
        "storm",
        "suite",
    ),
    "faults": ("fault",),
    "edits": ("edit",),
    "secrets": ("canaries",),
    "texts": ("hostile text",),
    "servers": ("hostile server",),
    "network": ("network",),
    "storms": ("storm",),
    "fuzz": ("fuzz",),
    "mutants": ("mutants",),
}
# Those that count inputs: how many there are is not compared.
COUNTED = ("figures", "texts", "fuzz", "mutants")

Fact = dict[str, Any]
Facts = dict[str, list[Fact]]


def facts_by_kind() -> Facts:
    found: Facts = defaultdict(list)
    for fact in evidence.read():
        found[fact["kind"]].append(fact)
    return found


def distinct(facts: Iterable[Fact], *names: str) -> list[Any]:
    """The values that there are, in the order of the alphabet; tuples for several names."""
    values = {tuple(fact[name] for name in names) for fact in facts}
    ordered = sorted(values, key=lambda value: [str(part).lower() for part in value])
    return [value[0] for value in ordered] if len(names) == 1 else ordered


def in_order(values: list[str], order: Iterable[str]) -> list[str]:
    """Values in the order of a table; those that it doesn't have at the end."""
    wanted = list(order)
    return sorted(values, key=lambda value: (wanted.index(value) if value in wanted else len(wanted), value))


def cells(facts: Iterable[Fact], row: str, column: str, shown: str) -> dict[tuple[str, str], str]:
    """What a table shows at (row, column): the different values."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for fact in facts:
        found[fact[row], fact[column]].add(fact[shown])
    return {place: "; ".join(sorted(values)) for place, values in found.items()}


def total(facts: Iterable[Fact], name: str) -> float:
    return sum(fact[name] or 0 for fact in facts)


def most(facts: Iterable[Fact], name: str) -> float:
    return max((fact.get(name) or 0 for fact in facts), default=0)


def count(number: float) -> str:
    """1234 as 1,234."""
    return f"{number:,.0f}"


def plain(text: str) -> str:
    """A name made of hostile text, fit for a cell of a table."""
    return re.sub(r"([\\`*_{}\[\]<>|])", r"\\\1", " ".join(text.split()))


def answer_to(fact: Fact) -> Fact:
    """A fact about a hostile server, whose case is told as "answer: to whom"."""
    answer, _colon, to = fact["case"].rpartition(": ")
    return {**fact, "answer": answer or to, "to": to if answer else ""}


def render(facts: Facts) -> dict[str, str]:
    """The parts of the page by name; only those whose facts are all there."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(count=count, plain=plain, answer_to=answer_to)
    environment.globals.update(distinct=distinct, in_order=in_order, cells=cells, total=total, most=most)
    environment.globals.update(CALLS=CALLS, FAULTS=list(FAULTS))
    return {
        name: environment.get_template(f"{name}.md.j2").render(facts=facts).strip() + "\n"
        for name, kinds in PARTS.items()
        if all(facts.get(kind) for kind in kinds)
    }


def comparable(name: str, text: str) -> list[str]:
    """A part of the page without what differs from machine to machine."""
    text = re.sub(r"<!-- measured -->.*?<!-- end -->", "", text, flags=re.DOTALL)
    if name in COUNTED:
        text = re.sub(r"[0-9][0-9.,]*", "#", text)
    return text.strip().splitlines()


def check(parts: dict[str, str], page: str) -> Iterable[str]:
    """The lines in which the page and the parts differ."""
    for name, part in parts.items():
        title = part.partition("\n")[0]
        _before, _title, rest = page.partition(f"{title}\n")
        there = title + "\n" + rest.partition("\n## ")[0]
        names = f"docs/reliability.md: {title}", f"this run: {name}"
        yield from difflib.unified_diff(comparable(name, there), comparable(name, part), *names, n=0, lineterm="")


def complaint(facts: Facts) -> str:
    """Why nothing can be said of these facts: tests failed, or were not run. Empty if all is well."""
    red = {suite["suite"] for suite in facts["suite"] if suite["failed"]}
    red |= {module["module"] for module in facts["mutants"] if module["survived"] != module["explained"]}
    if red:
        return f"docs/reliability.md says what holds, and there were failures in {', '.join(sorted(red))}."
    not_run = {"unit", "integration", "cores", "long"} - {suite["suite"] for suite in facts["suite"]}
    if not_run:
        names = ", ".join(sorted(not_run))
        return f"Not compared: docs/reliability.md is made from all tests, and {names} were not run."
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compare", action="store_true", help="say what is not as the page says, and write nothing")
    arguments = parser.parse_args()
    facts = facts_by_kind()
    if problem := complaint(facts):
        print(problem)
        return 0 if arguments.compare else 1
    parts = render(facts)
    left_out = ", ".join(name for name in PARTS if name not in parts)
    if arguments.compare:
        differences = list(check(parts, PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""))
        print("\n".join(differences) or f"docs/reliability.md says what the tests did ({len(parts)} parts compared).")
        if left_out:
            print(f"Not compared, since the tests for it were not run: {left_out}")
        return 0
    if left_out:
        print(f"Run make mutants first: there is nothing for {left_out}.", file=sys.stderr)
        return 1
    PAGE.write_text("\n".join(parts.values()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
