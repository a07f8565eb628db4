# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's name and version, from its own files."""

from __future__ import annotations

from pathlib import Path

import yaml

_ROOT = Path(__file__).parents[2]


def collection() -> str:
    """Return the collection's name and version."""
    # An installed collection has MANIFEST.json, a working tree galaxy.yml.
    manifest = _ROOT / "MANIFEST.json"
    text = (manifest if manifest.exists() else _ROOT / "galaxy.yml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    return f"stellarcyber.xdr {content.get('collection_info', content)['version']}"
