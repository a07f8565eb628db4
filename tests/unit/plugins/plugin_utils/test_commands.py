# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import shlex

import pytest

from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._commands import apply_command, undo_command


@pytest.mark.parametrize("path", ["/reports/a.journal", "/My Jobs/a.journal", "/it's/$HOME/a.journal", '/"/a.journal'])
def test_a_shell_and_ansible_read_the_path_in_a_command(path: str) -> None:
    words = shlex.split(undo_command(path))
    assert words[:3] == ["ansible-playbook", "stellarcyber.xdr.undo", "-e"]
    (given,) = words[3:]
    read = json.loads(given)["undo_file"] if given.startswith("{") else given.removeprefix("undo_file=")
    assert read == path


def test_each_variable_is_one_of_its_own() -> None:
    given = {"case_hygiene_apply_plan": "/a b.json", "case_hygiene_max_changes": "50%"}
    assert shlex.split(apply_command(given)) == [
        "ansible-playbook",
        "stellarcyber.xdr.hygiene",
        "-e",
        '{"case_hygiene_apply_plan": "/a b.json"}',
        "-e",
        "case_hygiene_max_changes=50%",
    ]
