# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which reports a merge finds, and what it does not merge."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.times import parse_time
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.merging import find, merge_files
from tests.unit.plugins.plugin_utils._report.reports import changed, report

NOW_MS = parse_time("2026-11-24T08:00:00Z", 0)


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two reports in a folder, which is the working directory's."""
    monkeypatch.chdir(tmp_path)
    for number, host in enumerate(("a", "b [1]")):
        (tmp_path / "reports" / host).mkdir(parents=True)
        write(tmp_path / "reports" / host / "hygiene.json", report([changed(number)], scope=f"tenant {host}"))
    return tmp_path / "reports"


def write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def merged(*given: str, **options: Any) -> dict[str, Any]:
    defaults = {"report_dir": "reports/all", "report_formats": ["json", "markdown"], "max_age": "24h"}
    return merge_files({**defaults, "reports": list(given), **options}, NOW_MS)


@pytest.mark.parametrize(
    "given",
    [
        ["reports/*"],
        ["reports/*/hygiene.json"],
        ["reports/**/hygiene.json"],
        ["reports/a", "reports/b [1]"],
        ["reports/a/hygiene.json", "reports/b [1]/hygiene.json", "reports/../reports/a"],
    ],
)
def test_reports_are_found_each_once(given: list[str], reports: Path) -> None:
    assert find(given) == [str(reports / host / "hygiene.json") for host in ("a", "b [1]")]
    run = merged(*given)
    assert [row["run"] for row in run["report"]["runs"]] == ["a", "b [1]"]
    assert run["summary"][-1] == f"Report: {reports}/all/hygiene.md"
    assert json.loads((reports / "all" / "hygiene.json").read_text(encoding="utf-8")) == run["report"]
    # The merged report of an earlier time is replaced, and not merged.
    assert merged(*given)["report"] == run["report"]


def test_runs_are_named_by_their_folders_or_files(reports: Path) -> None:
    assert [row["run"] for row in merged("reports/a")["report"]["runs"]] == ["a"]
    os.rename(reports / "a" / "hygiene.json", reports / "slice 1.json")
    names = [row["run"] for row in merged("reports/*.json", "reports/b [[]1]")["report"]["runs"]]
    assert names == ["slice 1.json", "b [1]"]


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        (["reports/a", "reports/c"], {}, 'reports names no file: "reports/c". Did that run write a report?'),
        (["report/*"], {}, 'reports names no file: "report/*". Did'),
        (
            ["reports/a"],
            {"report_dir": "reports/a"},
            "reports names the merged report only. Name the reports of the runs",
        ),
        (
            ["reports/a"],
            {"max_age": "1h"},
            "FOLDER/a/hygiene.json can't be merged: it is of a run at 2026-11-24T05:54:00Z, ",
        ),
        (
            ["reports/a", "future.json"],
            {},
            "future.json can't be merged: it is of a run at 2031-01-01T00:00:00Z, and max",
        ),
        (
            ["reports/a", "timeless.json"],
            {},
            "timeless.json can't be merged: it is of a run at an unknown time, and max",
        ),
        (["reports/a"], {"max_age": "1"}, 'max_age must be a time such as 24h, at most 3650d; got "1". Correct it.'),
        (["reports/a", "broken.json"], {}, "FOLDER/../broken.json can't be merged: it is not JSON. Give files named"),
        (["reports/a", "list.json"], {}, "list.json can't be merged: it is not a report of the role case_hygiene: it"),
    ],
)
def test_what_is_not_merged_is_an_error(
    given: list[str], options: dict[str, Any], message: str, reports: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    write(tmp_path / "list.json", [])
    write(tmp_path / "future.json", report(started_at="2031-01-01T00:00:00Z"))
    write(tmp_path / "timeless.json", report(started_at=""))
    with pytest.raises(InputError) as raised:
        merged(*given, **options)
    expected = message.replace("FOLDER", str(reports)).replace("reports/../", "")
    assert expected in str(raised.value)
    assert not (reports / "all").exists()


def test_a_pipe_that_nothing_writes_to_is_no_report(reports: Path) -> None:
    os.mkfifo(reports / "pipe")
    with pytest.raises(InputError, match="can't be merged: it is not JSON"):
        merged(str(reports / "pipe"))


def test_a_report_that_cannot_be_read_is_an_error(reports: Path) -> None:
    (reports / "c").mkdir()
    with pytest.raises(
        InputError, match=r"/c/hygiene\.json can't be merged: No such file or directory\. Did that run "
    ):
        merged("reports/*")
