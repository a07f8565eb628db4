# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state file of an event source: whole after any end, private, and of one source."""

from __future__ import annotations

import json
import os

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run import state_file as module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.state_file import StateFile

ABOUT = {"platform": "a.example", "tenant": ""}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.json"


def test_what_is_written_is_read(path):
    file = StateFile(str(path), ABOUT)
    assert file.read() is None
    file.create({"cases": {}})
    file.write({"cases": {"a": 1}})
    assert file.read() == {"stellar_cases": 1, **ABOUT, "cases": {"a": 1}, "following": []}
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in path.parent.iterdir()) == ["state.json", "state.json.lock"]


def test_a_file_that_others_could_read_is_replaced_by_one_that_they_can_not(path):
    path.write_text("{}")
    path.chmod(0o666)
    (path.parent / "state.json.new").touch(0o666)
    StateFile(str(path), ABOUT).write({})
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_kill_during_a_write_leaves_the_old_state(path, monkeypatch):
    file = StateFile(str(path), ABOUT)
    file.write({"number": 1})

    def killed(*_arguments):
        raise KeyboardInterrupt

    for name in ("write", "fsync", "rename"):
        with monkeypatch.context() as patched:
            patched.setattr(module.os, name, killed)
            with pytest.raises(KeyboardInterrupt):
                file.write({"number": 2})
        assert file.read()["number"] == 1


def test_all_is_on_the_disk_before_it_has_the_name(path, monkeypatch):
    order = []
    for name in ("fsync", "rename"):
        real = getattr(os, name)
        monkeypatch.setattr(module.os, name, lambda *given, name=name, real=real: order.append(name) or real(*given))
    StateFile(str(path), ABOUT).write({})
    assert order == ["fsync", "rename", "fsync"]


def test_what_follows_a_state(path):
    file = StateFile(str(path), ABOUT)
    assert file.append([1]) is False
    file.write({"number": 1})
    assert file.append([[1, "a"]]) is file.append([2, 3]) is True
    assert file.read()["following"] == [[1, "a"], 2, 3]
    # A kill cuts the last line.
    path.write_bytes(path.read_bytes()[:-1])
    assert file.read()["following"] == [[1, "a"], 2]
    file.write({"number": 2})
    assert (file.read()["number"], file.read()["following"]) == (2, [])
    file.close()
    assert file.append([1]) is False


def test_nothing_is_appended_to_a_line_that_is_cut(path, monkeypatch):
    file = StateFile(str(path), ABOUT)
    file.write({})

    def full(_file):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(module.os, "fsync", full)
        assert file.append([1]) is False
    assert file.append([2]) is False
    file.write({})
    assert file.append([3]) is True
    assert file.read()["following"] == [3]


def test_a_line_that_is_not_whole_before_others_is_refused(path):
    path.write_text(json.dumps({"stellar_cases": 1, **ABOUT}) + "\n[1\n[2]\n")
    with pytest.raises(InputError, match="is not the state of this event source"):
        StateFile(str(path), ABOUT).read()


def test_a_write_may_take_several_calls(path, monkeypatch):
    write = os.write
    monkeypatch.setattr(module.os, "write", lambda file, content: write(file, content[:7]))
    file = StateFile(str(path), ABOUT)
    file.write({"text": "x" * 100})
    assert file.read()["text"] == "x" * 100


def test_one_source_at_a_time(path):
    first = StateFile(str(path), ABOUT)
    with pytest.raises(InputError, match="is used by another event source"):
        StateFile(str(path), ABOUT)
    first.close()
    first.write({})
    assert not path.exists()
    first.close()
    StateFile(str(path), ABOUT).close()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (
            json.dumps({"stellar_cases": 1, **ABOUT, "tenant": "x"}),
            'is of a source with another tenant: "x", and not "".',
        ),
        (json.dumps({"stellar_cases": 1}), 'is of a source with another platform: null, and not "a.example".'),
        (json.dumps({"stellar_cases": 2, **ABOUT}), "is not the state of this event source. It was not changed."),
        ("5", "is not the state of this event source."),
        ("\udcff", "is not the state of this event source."),
    ],
)
def test_what_is_refused(path, content, why):
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError) as caught:
        StateFile(str(path), ABOUT).read()
    assert str(caught.value).startswith(f"state_file {path}: {why}")


def test_a_file_that_is_too_large(path, monkeypatch):
    monkeypatch.setattr(module, "_LARGEST_BYTES", 10)
    path.write_text(json.dumps({"stellar_cases": 1, **ABOUT}))
    with pytest.raises(InputError, match="is not the state"):
        StateFile(str(path), ABOUT).read()


def test_a_named_pipe_in_a_place_of_a_file_blocks_nothing(path):
    os.mkfifo(path)
    file = StateFile(str(path), ABOUT)
    with pytest.raises(InputError, match="is not a regular file"):
        file.read()
    path.unlink()
    os.mkfifo(f"{path}.new")
    with pytest.raises(InputError, match="can't be written: No such device or address"):
        file.create({})


def test_a_folder_in_its_place(path):
    path.mkdir()
    file = StateFile(str(path), ABOUT)
    with pytest.raises(InputError, match="can't be read: Is a directory"):
        file.read()
    with pytest.raises(InputError, match="can't be written: Is a directory"):
        file.create({})
