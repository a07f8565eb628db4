# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports are written as a whole or not at all, for the group and for nobody else."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene import report_files
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.assessment import Settings, make_report
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.report_files import (
    ReportFiles,
    absolute,
    folder_of,
    journal_path,
)
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import Rendering

AT = "2026-11-28T08:00:00Z"


def report(error: str = "It was interrupted.") -> Rendering:
    return Rendering(make_report(Settings("stellarcyber.xdr 0.1.0", AT, True), {}, error, AT))


def test_each_format_has_its_file(tmp_path: Path) -> None:
    files = ReportFiles(str(tmp_path / "new" / "folder"), ("json", "junit", "markdown", "html"))
    files.write(report())
    names = ["hygiene.html", "hygiene.json", "hygiene.md", "hygiene.xml"]
    assert sorted(os.listdir(files.directory)) == names
    assert {path.stat().st_mode & 0o777 for path in Path(files.directory).iterdir()} == {0o640}
    assert json.loads(Path(files.paths["json"]).read_text(encoding="utf-8"))["result"] == "error"
    assert files.last == f"{files.directory}/hygiene.html"


def test_the_other_formats_have_files_too(tmp_path: Path) -> None:
    files = ReportFiles(str(tmp_path), ("csv", "openmetrics"))
    files.write(report())
    assert sorted(os.listdir(tmp_path)) == ["hygiene.csv", "hygiene.prom"]
    # The line ends of CSV are those of RFC 4180.
    assert (tmp_path / "hygiene.csv").read_bytes().count(b"\r\n") == 2
    assert (tmp_path / "hygiene.prom").read_bytes().endswith(b"\n# EOF\n")
    assert files.last == f"{tmp_path}/hygiene.csv"
    assert ReportFiles(str(tmp_path), ("csv", "html", "openmetrics", "json")).last == f"{tmp_path}/hygiene.html"


def test_metrics_are_replaced_at_the_end_only(tmp_path: Path) -> None:
    files = ReportFiles(str(tmp_path), ("json", "csv", "openmetrics"))
    (tmp_path / "hygiene.prom").write_text("before", encoding="utf-8")
    files.begin(report())
    assert "It was interrupted" in (tmp_path / "hygiene.csv").read_text(encoding="utf-8")
    assert (tmp_path / "hygiene.prom").read_text(encoding="utf-8") == "before"
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"^case_hygiene_report_dir: can't write reports in .*/file: "):
        ReportFiles(str(tmp_path / "file"), ("openmetrics",)).begin(report())


def test_all_is_rendered_before_a_file_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = ReportFiles(str(tmp_path), ("json", "html"))
    monkeypatch.setattr(Rendering, "text", lambda self, name: {"json": "{}"}[name])
    with pytest.raises(KeyError):
        files.write(report())
    assert os.listdir(tmp_path) == []


def test_each_host_has_a_folder_of_its_name() -> None:
    assert folder_of("reports", "localhost") == "reports"
    assert folder_of("reports", "example-clinic") == "reports/example-clinic"
    assert folder_of("", "example-clinic") == ""
    for host in ("a/b", "/tmp", "..", "."):
        with pytest.raises(InputError, match=r"can't have a folder of its name\. Rename the host"):
            folder_of("reports", host)


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = ReportFiles("", ("json", "html"))
    files.write(report())
    assert (files.directory, files.paths, files.last, os.listdir()) == ("", {}, "", [])


def test_a_path_is_read_as_ansible_reads_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ana")
    monkeypatch.setenv("WHERE", "there")
    assert absolute("reports") == f"{tmp_path}/reports"
    assert absolute("~/reports") == "/home/ana/reports"
    assert absolute("/$WHERE/../reports") == "/reports"


def test_a_symbolic_link_is_replaced_and_what_it_names_is_left(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("mine", encoding="utf-8")
    (tmp_path / "hygiene.json").symlink_to(other)
    ReportFiles(str(tmp_path), ("json",)).write(report())
    assert other.read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "hygiene.json").is_symlink()


def test_a_report_that_can_not_be_replaced_is_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = ReportFiles(str(tmp_path), ("json",))
    files.write(report())
    before = (tmp_path / "hygiene.json").read_bytes()

    def full(*paths: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(report_files.os, "replace", full)
    with pytest.raises(InputError) as raised:
        files.write(report("Another."))
    assert str(raised.value) == (
        f"case_hygiene_report_dir: can't write reports in {tmp_path}: No space left on device. "
        "Give a folder that can be created and written."
    )
    # The incomplete file is gone as well.
    assert [path.name for path in tmp_path.iterdir()] == ["hygiene.json"]
    assert (tmp_path / "hygiene.json").read_bytes() == before


def test_a_folder_that_is_a_file_is_refused_by_the_name_of_its_variable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"^case_hygiene_report_dir: can't write reports in .*/file: "):
        ReportFiles(str(tmp_path / "file"), ("json",)).write(report())


def test_journals_of_one_second_have_different_names() -> None:
    paths = {journal_path("/reports", AT) for _number in range(50)}
    assert len(paths) == 50
    assert all(re.fullmatch(r"/reports/hygiene-20261128T080000Z-[0-9a-f]{6}\.journal", path) for path in paths)
