# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's name and version."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ansible_collections.stellarcyber.xdr.plugins.plugin_utils import _collection as module
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._collection import collection


def test_the_collection_names_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert re.fullmatch(r"stellarcyber\.xdr \d+\.\d+\.\d+", collection())
    # As it is installed
    manifest = {"collection_info": {"version": "9.8.7"}}
    (tmp_path / "MANIFEST.json").write_text(json.dumps(manifest), encoding="utf-8")
    monkeypatch.setattr(module, "_ROOT", tmp_path)
    assert collection() == "stellarcyber.xdr 9.8.7"
