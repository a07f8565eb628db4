# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a merge: find the reports of runs, read them, and write one report of all."""

from __future__ import annotations

import glob
import json
import os
from typing import Any, Mapping, Sequence

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.values import age_option
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError, OptionError, printable
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.times import (
    iso_time,
    parse_time,
    platform_time,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.files import read_file
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._collection import collection
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._files import absolute
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.report_files import ReportFiles
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.merge import merge
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import DEFAULT_FILES, FILES, Rendering

# The table of options that the action checks; the documentation of the module describes them.
MERGE: dict[str, Any] = {
    "argument_spec": {
        "reports": {"type": "list", "elements": "str", "required": True},
        "report_dir": {"type": "path", "required": True},
        "report_formats": {"type": "list", "elements": "str", "choices": list(FILES), "default": list(DEFAULT_FILES)},
        "title": {"type": "str"},
        "max_age": {"type": "str", "default": "24h"},
    }
}

_CLOCKS_DIFFER_MS = 3_600_000
REMEDY = "Did that run write a report? Correct the path, or run it again."


def merge_files(options: Mapping[str, Any], now_ms: int) -> dict[str, Any]:
    """Merge reports, write the merged one, and return report and summary. Raises InputError, then writes nothing."""
    oldest_ms = parse_time(age_option(options, "max_age"), now_ms)
    files = ReportFiles(options["report_dir"], options["report_formats"])
    target = os.path.join(files.directory, FILES["json"])
    paths = [path for path in find(options["reports"]) if os.path.realpath(path) != os.path.realpath(target)]
    if not paths:
        raise OptionError("reports", "names the merged report only", "Name the reports of the runs.")
    runs = [(name, _read(path, oldest_ms, now_ms)) for name, path in zip(_names(paths), paths)]
    report = merge(runs, options.get("title") or "", collection())
    rendering = Rendering(report)
    files.write(rendering)
    return {"report": report, "summary": [*rendering.text("text").splitlines(), f"Report: {files.last}"]}


def find(given: Sequence[str]) -> list[str]:
    """Return the paths of reports in the order given, those of a pattern sorted, each once. Raises InputError."""
    found: dict[str, str] = {}
    for item in given:
        pattern = absolute(item)
        if os.path.isdir(pattern):
            pattern = os.path.join(glob.escape(pattern), FILES["json"])
        elif os.path.exists(pattern):
            pattern = glob.escape(pattern)
        paths = sorted(glob.glob(pattern, recursive=True))
        files = [os.path.join(path, FILES["json"]) if os.path.isdir(path) else path for path in paths]
        if not files:
            raise OptionError(
                "reports",
                f'names no file: "{printable(item, 200)}"',
                REMEDY,
            )
        for path in files:
            found.setdefault(os.path.realpath(path), path)
    return list(found.values())


def _names(paths: Sequence[str]) -> list[str]:
    """Return names for runs: the folder of each report, from where the paths differ."""
    folders = [os.path.dirname(path) if os.path.basename(path) == FILES["json"] else path for path in paths]
    common = os.path.dirname(folders[0]) if len(folders) == 1 else os.path.commonpath(folders)
    return [os.path.relpath(folder, common) for folder in folders]


def _read(path: str, oldest_ms: int, now_ms: int) -> Any:
    """Return a report that is not too old. Raises InputError."""
    what = f"{printable(path, 200)} can't be merged"
    try:
        report = json.loads(read_file(path).decode("utf-8"))
    except OSError as error:
        raise InputError(what, f"{error.strerror or error}.", REMEDY) from None
    except (ValueError, RecursionError):
        raise InputError(what, "it is not JSON.", "Give files named hygiene.json, or their folders.") from None
    if not isinstance(report, dict):
        return report
    started_ms = platform_time(report.get("started_at"))
    # The clocks of two controllers may differ.
    if started_ms is None or not oldest_ms <= started_ms <= now_ms + _CLOCKS_DIFFER_MS:
        raise InputError(
            what,
            f"it is of a run at {printable(report.get('started_at') or 'an unknown time')}, and max_age allows a start "
            f"from {iso_time(oldest_ms)} to now.",
            "Run that policy again, or raise max_age.",
        )
    return report
