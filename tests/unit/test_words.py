# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people read has the words of Ansible, of the platform and of HTTP, and one word for one thing."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("plugins", "extensions", "roles", "playbooks", "docs", "meta", "changelogs")
FILES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "galaxy.yml")
SUFFIXES = {".py", ".yml", ".yaml", ".md", ".j2", ".json", ".svg", ".txt", ""}

# Words that a reader would have to learn, and those that the field has for them
INSTEAD_OF = {
    r"\bmend(s|ed|ing)?\b": "fix, correct, remediate",
    r"\bunclear\b": "unknown, indeterminate",
    r"\bunder way\b": "in flight, running",
    r"\b(more|further|another|each|of a|failed|last) (try|tries)\b|\b(tries|tried) again\b": "attempt, retry",
    r"\bcomes? to rest\b": "converges",
    r"\bbegun\b": "planned, not applied; started",
    r"\brefused to begin\b": "aborted before the first write",
    r"\balready right\b|\bto look at\b": "compliant; to review",
    r"\bverdicts?\b": "result",
    r"\bgate is closed\b|\bclose the gate\b": "the policy check failed",
    r"\b(no|some|any|every)body\b": "another user, others; unassigned",
    r"\bwho has\b|\bhas the case\b": "assignee",
    r"\bis missing\b": "is required",
    r"(?<!there )\bis (no|neither|none) (an? |of |valid )?(text|number|time|list|dictionary|id|JSON|YAML|proxy|regular|"
    r"name|duration|file|case|key|UTF|other kind|whole|boolean|address|string)\b": "is not a valid …; must be …",
    r"\bknown here\b": "valid keys are",
    r"\bleaves? no room\b|\bleaves? nothing over\b|\btags that none rules out\b": "the range is empty; can never match",
    r"\bstands? for\b": "matches, means",
    r"\b(letter case|syntax) counts\b": "is case-sensitive; uses Python regular expressions",
    r"\bshares? of\b|\ba share\b": "percentage",
    r"\b(is|are|makes?) no difference\b": "is ignored; has no effect",
    r"\bway back\b": "undo, rollback",
    r"\b(its|the|their) work\b": "the platform is unavailable; the task succeeded",
    r"\btouch(ed|es)?\b": "changed, modified",
    r"\bmeanwhile\b": "since it was read; concurrently",
    r"\bwhat came of\b|\bcame of it\b": "the result, the summary",
    r"\bcame out\b": "is empty",
    r"\b(mis)?spelt\b": "mistyped, unknown",
    r"\bin vain\b": "without success",
    r"\bforg(es|ed|ing)\b": "fakes",
    r"\bdrips?\b": "slow response",
    r"\bmeans harm\b": "malicious",
    r"\bheld by\b": "verified by",
    r"\bnonsense\b": "an unexpected answer",
    r"\bcalled so\b": "have that name",
    r"\bpeople see\b": "the ticket number shown in the UI",
    r"\bturned out\b": "resolution; was",
    r"\ball the same\b|\bupon\b|\bthereof\b|\blikewise\b": "a plainer word",
    r"\bmay not (read|do|see|set|be read)\b": "has no permission to",
    r"\bset(s)? right\b|\bput right\b": "fix, correct",
    r"\b(could|can) not be seen\b": "could not determine",
    r"\b(api )?calls? at once\b": "concurrent requests",
    r"\bchanges to come\b": "planned changes",
    r"\bwhere the cases are\b": "breakdown",
    r"\bput the report\b|\bnote how it ended\b|\bcompare the cases with\b": "write the reports; apply the policy",
    r"\bproven to\b": "converges",
    r"\bdrift after\b": "changed (after an apply)",
    r"\bholds?\b": "contains, has",
    r"\bblanks?\b": "space; contains only spaces; empty",
    r"\btime-outs?\b": "timeout",
    r"\bsane\b": "a plainer word",
    r"\bfrom 0 on\b": "0 or more",
    r"\bgives? (it|them|one) back\b": "returns",
    r"\bplatform it is of\b|\bis of the platform\b": "is from the platform",
    r"\bare meant\b": "intended",
    r"\bTLS broke off\b": "the TLS connection was closed",
    r"\bfaults? (of|in) the collection\b": "a bug in the collection",
    r"\balready as before\b": "unchanged",
}


def read_by_people() -> list[Path]:
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*")) if path.suffix in SUFFIXES]
    return [
        *(ROOT / name for name in FILES),
        *(path for path in files if path.is_file() and "__pycache__" not in path.parts),
    ]


@pytest.mark.parametrize("path", read_by_people(), ids=lambda path: str(path.relative_to(ROOT)))
def test_text_has_the_words_of_the_field(path: Path) -> None:
    """A word that the field has another for is found with its line and the better one."""
    name = str(path.relative_to(ROOT))
    # A sentence may go on in the next line.
    found = []
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines, 1):
        pair = f"{line.rstrip()} {lines[number].lstrip('# -*')}" if number < len(lines) else line
        for pattern, better in INSTEAD_OF.items():
            match = re.search(pattern, pair, re.IGNORECASE)
            if match and match.start() < len(line):
                found.append(f"{name}:{number}: {match.group()!r}; write: {better}")
    assert not found, "\n".join(found)


# What ruff's D401 takes for a verb, or does not look at: properties, and first words that are in no list of its
NO_VERB = re.compile(
    r"(a|also|an|false|how|if|mixed|of|the|true|what|when|where|whether|which|why)\b|[^a-z]|\w*:", re.I
)


@pytest.mark.parametrize("path", sorted((ROOT / "plugins").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_docstring_of_a_function_begins_with_a_verb(path: Path) -> None:
    functions = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]
    assert not [f"{one.name}: {text}" for one in functions if NO_VERB.match(text := ast.get_docstring(one) or "Return")]
