# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a run over many cases, as JSON, JUnit XML, Markdown, one HTML page or text for a terminal.

Pure: the same report gives the same text. view.py says what is shown, templates/ how it looks.

The report is full of text that somebody on the platform's side chose. So every text is made harmless
before a template sees it, and every template escapes by itself all that it puts out.
"""

from __future__ import annotations

import json
from functools import lru_cache
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
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.view import (
    ROWS,
    counted,
    moment,
    short,
    view,
)

VERSION = 1
# The rest of a longer text is left out, but not of JSON: one name could make a report too large for any reader.
LONGEST_TEXT = 5000
TEMPLATES = {
    "junit": "report.junit.xml.j2",
    "markdown": "report.md.j2",
    "html": "report.html.j2",
    "text": "report.txt.j2",
}
FORMATS = ("json", *TEMPLATES)
# What the role writes: the name of the file for each format
FILES = {"json": "hygiene.json", "junit": "hygiene.xml", "markdown": "hygiene.md", "html": "hygiene.html"}
CHOICES = {
    "mode": ("check", "apply"),
    "result": ("compliant", "drift", "changed", "skipped", "findings", "limit", "error"),
    "passed": (True, False),
}


def render(report: Any, format: str) -> str:
    """Return the report as text in one of FORMATS."""
    what = "Could not render a case report"
    if format not in FORMATS:
        raise InputError(what, f"there is no format {printable(format, 50)!r}.", f"Give one of {', '.join(FORMATS)}.")
    if problem := _problem(report):
        raise InputError(
            what,
            f"this is no report, because {problem}.",
            "Give the dict that the role case_hygiene makes; its JSON report is that dict after from_json.",
        )
    if format == "json":
        return json.dumps(plain(report), indent=2) + "\n"
    return _environment(format).get_template(TEMPLATES[format]).render(view(plain(report, _harmless)))


def _problem(report: Any) -> str:
    """Return why this is no report, or ""."""
    if not isinstance(report, Mapping):
        return f"it is of type {type(report).__name__}, not a dict"
    version = report.get("report")
    if version != VERSION or isinstance(version, bool):
        return f"its key report, the version of its format, is {_show(version)} instead of {VERSION}"
    for key, choices in CHOICES.items():
        if report.get(key) not in choices:
            return f"its key {key} is {_show(report.get(key))} instead of one of {', '.join(map(str, choices))}"
    for key in ROWS:
        if not _is_rows(report.get(key, [])):
            return f"its key {key} is not a list of dicts"
    for number, row in enumerate(report.get("case_results", []), 1):
        if not _is_rows(row.get("changes", [])):
            return f"the changes of number {number} in its key case_results are not a list of dicts"
        if not _is_rows(row.get("concurrent_changes") or []):
            return f"concurrent_changes of number {number} in its key case_results is not a list of dicts"
    for key in ("counts", "requests"):
        if not isinstance(report.get(key, {}), Mapping):
            return f"its key {key} is not a dict"
    return ""


def _is_rows(value: Any) -> bool:
    return isinstance(value, Sequence) and all(isinstance(row, Mapping) for row in value)


def _show(value: Any) -> str:
    return "missing" if value is None else repr(printable(value, 50))


def _harmless(text: str) -> str:
    """Return the text without what XML can't hold and what a terminal or a reader's eye is fooled by."""
    # A subclass may call itself safe HTML. The two are no control characters, but no XML document may hold them.
    return on_one_line(untagged(text)).replace("\ufffe", " ").replace("\uffff", " ")


# What is left means nothing within a line.
_ENTITIES = {ord(char): f"&#{ord(char)};" for char in set(punctuation) - set(",-/()+'")}


def _cut(value: Any) -> Any:
    return value if isinstance(value, Markup) else short(str(value), LONGEST_TEXT)


def _escape_markdown(value: Any) -> Markup:
    """Write punctuation as entities: unlike a backslash, they make text of it wherever it stands."""
    return value if isinstance(value, Markup) else Markup(_cut(value).translate(_ENTITIES))


def _line_of_log(value: Any) -> Any:
    """Cut a text, and take out what a pipeline would carry out as a command of its log."""
    if not isinstance(value, str):
        return value
    text = printable(value, LONGEST_TEXT)
    # GitHub Actions runs a line that begins so.
    return ": :" + text[2:] if text.startswith("::") else text


_FINALIZE: dict[str, Callable[[Any], Any]] = {"markdown": _escape_markdown, "text": _line_of_log}


@lru_cache(maxsize=None)
def _environment(format: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=format != "text",
        # It gets whatever a template puts out, so that no place can be forgotten.
        finalize=_FINALIZE.get(format, _cut),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(counted=counted, moment=moment, number="{:,}".format, short=short)
    return environment
