# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write what the tests recorded (tests/evidence.py) as tables into .cache/reliability.

After a complete run without failures it also updates the figures in docs/reliability.md.
"""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests import evidence
from tests.faults import CALLS, FAULTS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/reliability.md"
FOLDER = ROOT / ".cache/reliability"
FIGURES = re.compile(r"(?<=<!-- figures -->\n).*?(?=<!-- end -->)", re.DOTALL)
SUITES = {"cores", "integration", "long", "platforms", "rulebook", "unit"}

# The tables apart from those of faults: the kind of fact, and the columns. The last column has each value that was
# recorded for the others.
TABLES = {
    "concurrent edits": ("edit", ("when", "way", "guard", "outcome")),
    "events": ("events", ("way", "changes", "kills", "delivered", "repeated", "lost")),
    "hostile answers": ("hostile server", ("case", "outcome")),
    "hostile text": ("hostile text", ("through", "place", "text")),
    "mutants": ("mutants", ("module", "mutants", "killed", "explained", "score")),
    "network": ("network", ("case", "outcome")),
    "platforms": ("platform", ("behaviour", "entry", "pair", "outcome")),
    "parallel runs": ("storm", ("case", "plays", "workers", "outcome")),
    "properties": ("fuzz", ("subject", "property", "examples")),
    "searches for secrets": ("canaries", ("where", "found")),
}

Fact = dict[str, Any]
Facts = dict[str, list[Fact]]


def facts_by_kind() -> Facts:
    found: Facts = defaultdict(list)
    for fact in evidence.read():
        found[fact["kind"]].append(fact)
    return found


def distinct(facts: Iterable[Fact], *names: str) -> set[tuple[Any, ...]]:
    return {tuple(fact[name] for name in names) for fact in facts}


def markdown(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    columns = list(columns)
    lines = [columns, ["---"] * len(columns), *rows]
    # A cell may be the name of a hostile text.
    cells = ([re.sub(r"([\\`*_{}\[\]<>|])", r"\\\1", " ".join(str(cell).split())) for cell in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def table(facts: Iterable[Fact], *columns: str) -> str:
    values: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for *others, last in distinct(facts, *columns):
        values[tuple(others)].add(str(last))
    rows = sorted(((*others, "; ".join(sorted(last))) for others, last in values.items()), key=str)
    return markdown(columns, rows)


def matrix(facts: Iterable[Fact]) -> str:
    """What became of each fault at each API request."""
    cells: dict[tuple[str, str], set[str]] = defaultdict(set)
    for fault, call, outcome in distinct(facts, "fault", "call", "outcome"):
        cells[fault, call].add(outcome)
    calls = [call for call in CALLS if any(call == found for _fault, found in cells)]
    faults = [fault for fault in FAULTS if any(fault == found for found, _call in cells)]
    return markdown(
        ("fault", *calls), ([fault, *("; ".join(sorted(cells[fault, call])) for call in calls)] for fault in faults)
    )


def tables(facts: Facts) -> dict[str, str]:
    by_length = defaultdict(list)
    for fact in facts["fault"]:
        by_length[f"faults for {fact['lasts']}"].append(fact)
    return {
        **{name: matrix(group) for name, group in by_length.items()},
        **{name: table(facts[kind], *columns) for name, (kind, columns) in TABLES.items() if facts[kind]},
    }


def figures(facts: Facts) -> str:
    def count(kind: str, *names: str) -> int:
        return len(distinct(facts[kind], *names))

    def total(kind: str, name: str) -> str:
        return f"{sum(fact[name] for fact in facts[kind]):,}"

    faults = f"{count('fault', 'fault')} faults at {count('fault', 'call')} API requests"
    platforms = (
        f"{count('platform', 'behaviour')} behaviours with {count('platform', 'entry')} entries, alone and in pairs"
    )
    combinations = f"{count('fault', 'fault', 'call', 'entry'):,} combinations with a module, the lookup or the role"
    lines = [
        "| what | figure |",
        "| --- | --- |",
        f"| faults of network and server | {faults}: {combinations} |",
        f"| concurrent edits by others | {len(facts['edit']):,} |",
        f"| hostile texts, for each field and output | {len(facts['hostile text']):,} |",
        f"| hostile answers | {count('hostile server', 'case'):,} |",
        f"| platform behaviours | {platforms}: {total('platform', 'runs')} runs |",
        f"| TLS, proxies and host names | {count('network', 'case'):,} |",
        f"| changes of cases while ansible-rulebook is killed again and again | {total('events', 'changes')}, "
        f"{total('events', 'lost')} final states lost, {total('events', 'repeated')} delivered twice |",
        f"| searches for keys and tokens | {total('canaries', 'texts')} texts, {total('canaries', 'found')} found |",
        f"| generated inputs of property tests and fuzzing | {total('fuzz', 'examples')} |",
        f"| mutants | {total('mutants', 'mutants')}, {total('mutants', 'killed')} killed, the others explained |",
        "",
        "| suite | tests passed | seconds |",
        "| --- | --- | --- |",
        *sorted(f"| {suite['suite']} | {suite['passed']:,} | {suite['seconds']:,} |" for suite in facts["suite"]),
    ]
    return "\n".join(lines) + "\n"


def gaps(facts: Facts) -> list[str]:
    """Why the figures are not those of a complete run without failures."""
    return [
        *(f"{suite} was not run" for suite in sorted(SUITES - {fact["suite"] for fact in facts["suite"]})),
        *(f"{fact['suite']} has failures" for fact in facts["suite"] if fact["failed"]),
        *(f"nothing was recorded for {name}" for name, (kind, _columns) in TABLES.items() if not facts[kind]),
        *(f"{fact['module']} has survivors" for fact in facts["mutants"] if fact["survived"] != fact["explained"]),
    ]


def main() -> None:
    facts = facts_by_kind()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    for name, text in tables(facts).items():
        (FOLDER / f"{name.replace(' ', '-')}.md").write_text(text, encoding="utf-8")
    print(f"Wrote {FOLDER.relative_to(ROOT)}.")
    if problems := gaps(facts):
        print(f"Left {PAGE.relative_to(ROOT)} unchanged: {'; '.join(problems)}.")
        return
    PAGE.write_text(FIGURES.sub(lambda _old: figures(facts), PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"Updated {PAGE.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
