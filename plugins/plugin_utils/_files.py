# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths on the controller."""

from __future__ import annotations

import os


def absolute(path: str) -> str:
    """Return a path as Ansible reads an option of type path, from the working directory of ansible-playbook."""
    return os.path.abspath(os.path.expanduser(os.path.expandvars(path)))
