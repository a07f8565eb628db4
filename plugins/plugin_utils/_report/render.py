# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a run over many cases, as JSON, JUnit XML, Markdown, one HTML page, CSV, metrics or text.

Deterministic: the same report gives the same text. view.py selects the content, templates/ lay it out.

The platform's text in a report is untrusted. So every text is sanitised before a template gets it, and every template
escapes its whole output.
"""

from __future__ import annotations

import json
from functools import cached_property, lru_cache
from pathlib import Path
from string import punctuation
from typing import Any, Callable, Mapping, Sequence

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import (
    InputError,
    on_one_line,
    printable,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.plain import plain, untagged
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.metrics import metrics
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.table import table
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.trend import RESULTS, earlier, trend
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.view import ROWS, view
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.words import counted, iso, moment, short

VERSION = 1
WHAT = "Could not render a case report"
# A longer text is truncated, except in JSON: one name could make a report too large for any reader.
LONGEST_TEXT = 5000
TEMPLATES = {
    "junit": "report.junit.xml.j2",
    "markdown": "report.md.j2",
    "html": "report.html.j2",
    "text": "report.txt.j2",
}
FORMATS = ("json", *TEMPLATES, "csv", "openmetrics")
# The files that the role writes by default, and all that it can write, by format
DEFAULT_FILES = {"json": "hygiene.json", "junit": "hygiene.xml", "markdown": "hygiene.md", "html": "hygiene.html"}
# The textfile collector of node_exporter reads the files that end with .prom.
FILES = {**DEFAULT_FILES, "csv": "hygiene.csv", "openmetrics": "hygiene.prom"}
CHOICES = {
    "mode": ("check", "apply"),
    "result": RESULTS,
    "passed": (True, False),
}


class Rendering:
    """A report in any of FORMATS. What they have in common is made once. Raises InputError for what is no report."""

    def __init__(self, report: Any) -> None:
        if problem := problem_of(report):
            raise InputError(
                WHAT,
                f"the input is not a report: {problem}.",
                "Give the role's variable case_hygiene_report, or its JSON report after from_json.",
            )
        self.report = report

    @cached_property
    def view(self) -> dict[str, Any]:
        """Return the content, without characters that a format forbids."""
        return view(plain(self.report, _sanitized))

    def add_history(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Add the runs of a history with which this one can be compared."""
        self.report = {**self.report, "history": earlier(lines, self.view)}
        self.view["trend"] = trend(self.report["history"], self.view)

    def text(self, format: str) -> str:
        """Return the report as text in one of FORMATS."""
        if format == "json":
            return json.dumps(plain(self.report), indent=2) + "\n"
        if format == "csv":
            return table(self.view)
        if format == "openmetrics":
            return metrics(self.view)
        return _environment(format).get_template(TEMPLATES[format]).render(self.view)


def render(report: Any, format: str) -> str:
    """Return the report as text in one of FORMATS."""
    if format not in FORMATS:
        raise InputError(WHAT, f"format must be one of {', '.join(FORMATS)}; got {printable(format, 50)!r}.")
    return Rendering(report).text(format)


def problem_of(report: Any) -> str:
    """Return why this is not a report, or ""."""
    if not isinstance(report, Mapping):
        return f"it must be a dict, got {type(report).__name__}"
    version = report.get("report")
    if version != VERSION or isinstance(version, bool):
        return f"its key report, the version of its format, must be {VERSION}, got {_show(version)}"
    for key, choices in CHOICES.items():
        if report.get(key) not in choices:
            return f"its key {key} must be one of {', '.join(map(str, choices))}; got {_show(report.get(key))}"
    for key in ROWS:
        if not _is_rows(report.get(key, [])):
            return f"its key {key} must be a list of dicts"
    for number, row in enumerate(report.get("case_results", []), 1):
        if not _is_rows(row.get("changes", [])):
            return f"changes of item {number} of its key case_results must be a list of dicts"
        if not _is_rows(row.get("concurrent_changes") or []):
            return f"concurrent_changes of item {number} of its key case_results must be a list of dicts"
    for key in ("counts", "requests", "plan"):
        if not isinstance(report.get(key, {}), Mapping):
            return f"its key {key} must be a dict"
    return ""


def _is_rows(value: Any) -> bool:
    return isinstance(value, Sequence) and all(isinstance(row, Mapping) for row in value)


def _show(value: Any) -> str:
    return "none" if value is None else repr(printable(value, 50))


def _sanitized(text: str) -> str:
    """Return the text without characters that XML forbids, or that mislead a terminal or a reader."""
    # A subclass could claim to be safe HTML. The two are not control characters, but XML forbids them.
    text = on_one_line(untagged(text))
    return text if text.isascii() else text.replace("\ufffe", " ").replace("\uffff", " ")


# The others have no meaning within a line.
_ENTITIES = {ord(char): f"&#{ord(char)};" for char in set(punctuation) - set(",-/()+'")}


def _cut(value: Any) -> Any:
    return value if isinstance(value, Markup) else short(str(value), LONGEST_TEXT)


def _escape_markdown(value: Any) -> Markup:
    """Write punctuation as entities: unlike a backslash, they work in every place of the document."""
    return value if isinstance(value, Markup) else Markup(_cut(value).translate(_ENTITIES))


def _log_line(value: Any) -> Any:
    """Truncate a text, and disarm what a CI product would run as a workflow command."""
    if not isinstance(value, str):
        return value
    text = printable(value, LONGEST_TEXT)
    # GitHub Actions runs a line that begins with ::.
    return ": :" + text[2:] if text.startswith("::") else text


_FINALIZE: dict[str, Callable[[Any], Any]] = {"markdown": _escape_markdown, "text": _log_line}


@lru_cache(maxsize=None)
def _environment(format: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=format != "text",
        # Applies to every output of a template, so that no place is left out.
        finalize=_FINALIZE.get(format, _cut),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(counted=counted, iso=iso, moment=moment, number="{:,}".format, short=short)
    return environment
