# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every ansible-core finds and reads the documentation of all plugins in the artefact."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cores.cores import Core


def ansible_doc(core: Core, *arguments: str) -> set[str]:
    done = subprocess.run(
        [core.bin / "ansible-doc", "--json", *arguments], env=core.env, check=True, stdout=subprocess.PIPE, text=True
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("kind", ["module", "lookup", "filter", "inventory"])
def test_documentation_is_read(core: Core, collections: Path, kind: str) -> None:
    directory = collections / "ansible_collections/stellarcyber/xdr/plugins" / (kind + "s" * (kind == "module"))
    shipped = {f"stellarcyber.xdr.{file.stem}" for file in directory.glob("[!_]*.py")}
    assert ansible_doc(core, "--type", kind, "--list", "stellarcyber.xdr") == shipped
    assert not shipped or ansible_doc(core, "--type", kind, *shipped) == shipped
