# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of hosts for tenants: readable, safe in a host pattern and a path, distinct, and the same in each run."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Collection, Iterable

from .case import is_platform_id

# Letters of a name that a host's name takes; an id may come after them
_LONGEST = 60


def slug(text: str) -> str:
    """Return a text in a-z, 0-9 and single dashes, as in example-clinic. '' if nothing of it can be used."""
    letters = unicodedata.normalize("NFKD", text[:1000].casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:_LONGEST].strip("-")


def host_names(tenants: Iterable[tuple[str, str]], taken: Collection[str] = ()) -> tuple[dict[str, str], list[str]]:
    """Return the host name of each tenant's id, and the slugs that several tenants or a taken name would have.

    tenants: their ids, each once, and the texts for their names. Tenants of the same slug get the beginning of their id
    behind it, all of them, so that no name depends on the order of the list.
    """
    texts = dict(tenants)
    level = dict.fromkeys(texts, 0)
    while True:
        names = {id_: _name(id_, text, level[id_]) for id_, text in texts.items()}
        holders: dict[str, list[str]] = {}
        for id_, name in names.items():
            holders.setdefault(name, []).append(id_)
        raised = [
            id_
            for name, ids in holders.items()
            if len(ids) > 1 or name in taken
            for id_ in ids
            if level[id_] < len(_ID_LENGTHS) - 1
        ]
        if not raised:
            return names, sorted({_name(id_, texts[id_], 0) for id_, above in level.items() if above})
        for id_ in raised:
            level[id_] += 1


# How much of the id is in a name at each level
_ID_LENGTHS = (0, 8, 32)


def _name(id_: str, text: str, level: int) -> str:
    unique = id_.lower() if is_platform_id(id_) else hashlib.sha256(id_.encode("utf-8", "replace")).hexdigest()
    readable = slug(text)
    if not readable:
        return f"tenant-{unique[: max(8, _ID_LENGTHS[level])]}"
    return f"{readable}-{unique[: _ID_LENGTHS[level]]}" if level else readable
