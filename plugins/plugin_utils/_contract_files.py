# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of the option contract_dir of stellar_ping, on the controller."""

from __future__ import annotations

import json
import os
from typing import Any, Mapping

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError, printable
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.contract import markdown
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.files import replace_file
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._files import absolute

NAMES = ("contract.json", "contract.md")
# Their user sends them, and no one else reads them before.
MODE = 0o600


class ContractFiles:
    """The two files of one run. directory: as the task gives it."""

    def __init__(self, directory: str) -> None:
        self.directory = absolute(directory)
        self.paths = [os.path.join(self.directory, name) for name in NAMES]

    def check(self) -> None:
        """Raise InputError if the folder can't be there. Creates nothing."""
        place = self.directory
        while not os.path.lexists(place):
            place = os.path.dirname(place)
        if not os.path.isdir(place):
            raise self._error("Not a directory")
        if not os.access(place, os.W_OK | os.X_OK):
            raise self._error("Permission denied")

    def write(self, document: Mapping[str, Any]) -> None:
        """Write both, each as a whole or not at all. Raises InputError."""
        texts = (json.dumps(document, indent=2) + "\n", markdown(document))
        try:
            os.makedirs(self.directory, exist_ok=True)
            for path, text in zip(self.paths, texts):
                replace_file(path, text.encode("utf-8", "replace"), MODE)
        except OSError as error:
            raise self._error(error.strerror or str(error)) from None

    def _error(self, why: str) -> InputError:
        return InputError(
            "contract_dir",
            f"can't write files in {printable(self.directory)}: {why}.",
            "Give a folder that can be created and written.",
        )
