# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of stellar_ping beside the connection."""

from __future__ import annotations

from typing import Any

from .._errors import OptionError
from .._model.ping import NEEDED_BY_CONTRACT, STEPS
from .connection import in_range

PING: dict[str, Any] = {
    "argument_spec": {
        "warn_days": {"type": "int", "default": 30},
        # The first two are needed to know what the others are about, and send nothing.
        "skip": {"type": "list", "elements": "str", "choices": list(STEPS[2:]), "default": []},
        "fail_on": {"type": "str", "choices": ["failed", "warning", "never"], "default": "failed"},
        "redact": {"type": "bool", "default": False},
        "attempts": {"type": "int", "default": 1},
        # Of the controller, where the action writes the files
        "contract_dir": {"type": "path"},
    },
}

# The options that limit or protect, beside those of the connection: without them a report would show more, or no file
# be there
PING_LIMITS = ("fail_on", "redact", "contract_dir")


def check_ping(params: dict[str, Any]) -> None:
    """Raise OptionError for a number that is out of range, and for options that contradict each other."""
    in_range("warn_days", params["warn_days"], 0, 3650)
    in_range("attempts", params["attempts"], 1, 20)
    directory = params.get("contract_dir")
    if directory is not None and not directory.strip():
        raise OptionError("contract_dir", "is empty", "Give a folder, or leave it out.")
    left_out = [step for step in NEEDED_BY_CONTRACT if step in params["skip"]]
    if directory is not None and left_out:
        needed = f"can't be combined with contract_dir for the step {left_out[0]}"
        raise OptionError("skip", needed, "Leave the step in, or contract_dir out.")
