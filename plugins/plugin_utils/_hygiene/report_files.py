# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a run, on the controller: its reports, and the path of its journal."""

from __future__ import annotations

import os
import secrets
import tempfile
from typing import Sequence

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError, printable
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.files import replace_file
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._files import absolute
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import FILES, Rendering

# Reports name cases and people: the group can read them, other users can't.
MODE = 0o640


def folder_of(directory: str, host: str) -> str:
    """Return the folder of a host's reports. directory: case_hygiene_report_dir. Raises InputError.

    All hosts but localhost have their own: in one folder the reports of the last host would replace those of the
    others, and with them the way to undo.
    """
    if not directory or host == "localhost":
        return directory
    if "/" in host or host in (".", ".."):
        raise InputError(
            "case_hygiene_report_dir",
            f"the host {printable(host, 100)} can't have a folder of its name.",
            "Rename the host.",
        )
    return os.path.join(directory, host)


class ReportFiles:
    """The reports of one run. directory: '' for none."""

    def __init__(self, directory: str, formats: Sequence[str]) -> None:
        self.directory = absolute(directory) if directory else ""
        self.paths = {name: os.path.join(self.directory, FILES[name]) for name in formats} if directory else {}

    def begin(self, rendering: Rendering) -> None:
        """Write a short report in place of an earlier one. Raises InputError.

        Metrics stay as they are: they are read at any time, and a run that goes on is no failure. The time in them
        shows whether a run did not end.
        """
        self._write({name: rendering.text(name) for name in self.paths if name != "openmetrics"})

    def write(self, rendering: Rendering) -> None:
        """Write all formats, each as a whole or not at all. Raises InputError."""
        self._write({name: rendering.text(name) for name in self.paths})

    def _write(self, texts: dict[str, str]) -> None:
        try:
            if self.paths:
                os.makedirs(self.directory, exist_ok=True)
                # The folder must be one that can be written, even where no file is.
                tempfile.TemporaryFile(dir=self.directory).close()
            for name, text in texts.items():
                replace_file(self.paths[name], text.encode("utf-8", "replace"), MODE)
        except OSError as error:
            raise InputError(
                "case_hygiene_report_dir",
                f"can't write reports in {printable(self.directory)}: {error.strerror or error}.",
                "Give a folder that can be created and written.",
            ) from None

    @property
    def last(self) -> str:
        """Return the path of the report that the summary names, or ''."""
        readable = [name for name in ("html", "markdown", "junit") if name in self.paths]
        return next((self.paths[name] for name in [*readable, *self.paths]), "")


def journal_path(directory: str, started_at: str) -> str:
    """Return a new path for a journal beside the reports. Runs that start in the same second have different ones."""
    moment = started_at.replace("-", "").replace(":", "")
    return os.path.join(directory, f"hygiene-{moment}-{secrets.token_hex(3)}.journal")
