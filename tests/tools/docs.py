# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write the documentation of all modules and plugins as HTML. A warning is an error."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
DIRECTORY = ROOT / ".cache/docs"

# The pages that antsibull-docs writes refer to labels of Ansible's own documentation.
ANSIBLE_LABELS = """\
:orphan:

.. _ansible_configuration_settings:
.. _common_return_values:

Documentation of Ansible
========================

See https://docs.ansible.com.
"""


def main() -> None:
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    source = DIRECTORY / "rst"
    DIRECTORY.mkdir(parents=True)
    # antsibull-docs refuses a directory into which others may write.
    source.mkdir(mode=0o700)

    collect = ["antsibull-docs", "collection", "--use-current", "--squash-hierarchy", "--fail-on-error"]
    subprocess.run([*collect, "--dest-dir", source, "stellarcyber.xdr"], cwd=ROOT, check=True)
    (source / "ansible.rst").write_text(ANSIBLE_LABELS, encoding="utf-8")

    settings = {
        "extensions": "sphinx_antsibull_ext",
        "html_copy_source": "0",
        "html_theme": "sphinx_ansible_theme",
        "project": "stellarcyber.xdr",
    }
    options = [word for name, value in settings.items() for word in ("-D", f"{name}={value}")]
    build = ["sphinx-build", "-q", "-W", "--keep-going", "-C", *options, "-d", DIRECTORY / "doctrees"]
    subprocess.run([*build, source, DIRECTORY / "html"], check=True)
    print((DIRECTORY / "html/index.html").relative_to(ROOT))


if __name__ == "__main__":
    main()
