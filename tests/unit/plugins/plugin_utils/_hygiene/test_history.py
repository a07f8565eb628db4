# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The history of runs: one line for each, also when two end at once, and none of them is lost."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run import files
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene import history
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._hygiene.history import append, check, line_of
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import Rendering
from tests import evidence, hostile_text
from tests.unit.plugins.plugin_utils._report.reports import MIXED, REPORTS, changed, finding, report
from tests.unit.plugins.plugin_utils._report.test_hostile_text import hostile

LINE = {"history": 1, "result": "drift"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.jsonl"


def numbers(path: Path) -> list[Any]:
    return [json.loads(line)["number"] for line in path.read_text(encoding="utf-8").splitlines()]


def add(path: Path, *values: Any, keep: int = 400) -> history.Read:
    for value in values:
        read = append(str(path), {**LINE, "number": value}, keep)
    return read


def test_a_line_has_the_numbers_of_a_run_and_no_text_of_a_case() -> None:
    line = line_of(Rendering(MIXED).view)
    assert line == {
        "history": 1,
        "started_at": "2026-11-24T05:54:00Z",
        "finished_at": "2026-11-24T05:55:07.5Z",
        "platform": "myserver.example.com",
        "scope": "all tenants",
        "policy": "policy.yml",
        "title": "Case hygiene",
        "mode": "check",
        "result": "drift",
        "passed": False,
        "by_plan": False,
        "counts": {"read": 60, "ok": 0, "changed": 2, "planned": 0, "failed": 1, "skipped": 1, "findings": 2},
        "rules": {
            "Critical cases have an owner": {"matched": 2, "changed": 1, "planned": 0, "findings": 0},
            "Tags are spelt as agreed": {"matched": 0, "changed": 0, "planned": 0, "findings": 0},
            "Nothing stays New for a week": {"matched": 3, "changed": 0, "planned": 0, "findings": 2},
        },
        "severities": {"Medium": {"changed": 1, "findings": 1}, "High": {"changed": 1, "findings": 1}},
        "tenants": {f"Tenant {n}": {"changed": int(n < 3), "findings": int(n > 3)} for n in (1, 2, 5, 6)},
    }
    assert "counts" not in line_of(Rendering(REPORTS["early"]).view)
    by_plan = line_of(Rendering(REPORTS["by plan"]).view)
    assert by_plan["by_plan"]
    assert "findings" not in json.dumps(by_plan)
    secret = "text of a case"
    texts = dict.fromkeys(("name", "case_id", "ticket_id", "status", "reason"), secret)
    rows = report([changed(1, **texts)], [finding(2, **texts)], reason=secret, error=secret)
    assert secret not in json.dumps(line_of(Rendering(rows).view))


def test_the_numbers_of_a_line_are_few_however_many_tenants_there_are() -> None:
    rows = report(findings=[finding(number, tenant=f"{'x' * 900} {number}") for number in range(3000)])
    line = line_of(Rendering(rows).view)
    assert line["tenants"] == {
        "x" * 199 + "…": {"changed": 0, "findings": 99},
        "(others)": {"changed": 0, "findings": 2901},
    }
    assert len(json.dumps(line)) < 2000


def test_lines_are_added_and_those_before_are_returned(path: Path) -> None:
    assert add(path, 1) == ([], "")
    assert path.stat().st_mode & 0o777 == 0o640 & ~_umask()
    read = add(path, 2, 3)
    assert ([line["number"] for line in read.lines], read.warning) == ([1, 2], "")
    assert numbers(path) == [1, 2, 3]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_the_oldest_lines_are_removed(path: Path) -> None:
    add(path, *range(5))
    path.chmod(0o600)
    assert [line["number"] for line in add(path, 5, keep=3).lines] == [0, 1, 2, 3, 4]
    assert numbers(path) == [3, 4, 5]
    assert path.stat().st_mode & 0o777 == 0o600
    add(path, 6, keep=1)
    assert numbers(path) == [6]
    assert [file.name for file in path.parent.iterdir()] == ["history.jsonl"]


@pytest.mark.parametrize(
    "broken",
    [b"{", b"[]", b"7", b'{"history": 0}', b"\xff\xfe", b"\x00", b"[" * 100_000, b"<b>{{ 7*191 }}</b>", b"\r"],
)
def test_a_broken_line_is_removed_and_said_once(path: Path, broken: bytes) -> None:
    add(path, 1)
    with path.open("ab") as file:
        file.write(broken + b"\n\n")
    add_second = add(path, 2)
    assert add_second.warning == (f"case_hygiene_history: 1 line of {path} was no JSON of a run and was removed.")
    assert [line["number"] for line in add_second.lines] == [1]
    assert (add(path, 3).warning, numbers(path)) == ("", [1, 2, 3])


def test_a_line_that_was_cut_does_not_swallow_the_next(path: Path) -> None:
    add(path, 1)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:20])
    assert add(path, 2).warning
    assert numbers(path) == [1, 2]
    # A person removed the line feed of the last line.
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert not add(path, 3).warning
    assert numbers(path) == [1, 2, 3]


def test_lines_of_a_newer_version_are_never_removed(path: Path) -> None:
    add(path, 1)
    content = path.read_text(encoding="utf-8") + '{"history": 2, "kept": true}\n'
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"the file is of a newer version of the collection\. Use that version"):
        add(path, 2, keep=1)
    assert path.read_text(encoding="utf-8") == content


def test_another_file_is_refused_and_left_as_it_is(path: Path) -> None:
    path.write_text("rules:\n  - name: A\n", encoding="utf-8")
    for refused in (lambda: check(str(path)), lambda: add(path, 1)):
        with pytest.raises(InputError) as caught:
            refused()
        assert str(caught.value) == (
            f"case_hygiene_history: {path} is not a history of runs. Give another file, which the first run makes, or "
            "remove this one."
        )
    assert path.read_text(encoding="utf-8") == "rules:\n  - name: A\n"


@pytest.mark.parametrize("kind", ["folder", "pipe", "nowhere", "read-only folder"])
def test_what_can_not_be_written_is_told(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "nowhere":
        path = tmp_path / "none" / "x"
    else:
        path = Path("/proc/x")
    with pytest.raises(InputError, match=r"^case_hygiene_history: can't write the history in .*Give a file"):
        check(str(path))


def test_a_history_that_is_locked_is_told_after_a_while(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "LOCK_S", 0.05)
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="another process has locked it"):
            add(path, 1)
    add(path, 2)
    assert numbers(path) == [2]


def test_a_full_disk_leaves_the_history_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(path, 1)

    def full(*_given: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(history.os, "write", full)
    monkeypatch.setattr(history.os, "replace", full)
    for keep in (1, 400):
        with pytest.raises(InputError, match="No space left on device"):
            add(path, 2, keep=keep)
    assert numbers(path) == [1]
    assert [file.name for file in path.parent.iterdir()] == ["history.jsonl"]


@pytest.mark.parametrize("number", [errno.EBUSY, errno.EACCES, errno.EPERM, errno.EROFS])
@pytest.mark.parametrize("call", ["replace", "make"])
def test_a_history_that_no_file_can_replace_is_written_in_place(
    call: str, number: int, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a single file that is mounted in a container, or one in a folder in which its user may not make files."""
    add(path, 1, 2, 3)
    path.chmod(0o640)
    before = path.stat()

    def refused(*_given: Any, **_options: Any) -> Any:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(*((os, "replace") if call == "replace" else (files.tempfile, "mkstemp")), refused)
    assert [line["number"] for line in add(path, 4, keep=3).lines] == [1, 2, 3]
    assert numbers(path) == [2, 3, 4]
    path.write_bytes(path.read_bytes() + b"cut")
    assert "1 line of" in add(path, 5, keep=3).warning
    assert numbers(path) == [3, 4, 5]
    assert (path.stat().st_ino, path.stat().st_mode) == (before.st_ino, before.st_mode)
    assert [file.name for file in path.parent.iterdir()] == ["history.jsonl"]


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    path.symlink_to(tmp_path / "there/history")
    add(path, 1, 2, 3, keep=2)
    assert path.is_symlink()
    assert numbers(tmp_path / "there/history") == [2, 3]


@pytest.mark.parametrize("keep", [1000, 20])
def test_runs_that_end_at_once_lose_no_line(path: Path, keep: int) -> None:
    program = (
        "import sys; from tests.unit.plugins.plugin_utils._hygiene.test_history import add, Path\n"
        "for number in range(25): add(Path(sys.argv[1]), f'{sys.argv[2]}.{number}', keep=int(sys.argv[3]))"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", program, str(path), str(number), str(keep)]) for number in range(4)
    ]
    assert [process.wait(timeout=60) for process in processes] == [0] * 4
    found = numbers(path)
    assert len(found) == len(set(found)) == min(keep, 100)
    if keep == 1000:
        assert sorted(found) == sorted(f"{process}.{number}" for process in range(4) for number in range(25))
    # each process in its order
    for process in range(4):
        own = [int(name.split(".")[1]) for name in found if name.startswith(f"{process}.")]
        assert own == sorted(own)


def test_hostile_text_is_one_line(path: Path) -> None:
    texts = hostile_text.texts(path.parent / "executed")
    for number, (title, text) in enumerate(texts.items()):
        line = line_of(Rendering(hostile(MIXED, text)).view)
        append(str(path), line, 1000)
        assert hostile_text.steering(json.dumps(line, ensure_ascii=False)) == [], title
        assert len(path.read_text(encoding="utf-8").splitlines()) == number + 1, title
        evidence.record("hostile text", text=title, place="each text of a report", through="history of runs")
    read = append(str(path), LINE, 1000)
    assert (len(read.lines), read.warning) == (len(texts), "")
