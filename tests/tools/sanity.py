# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ansible-test sanity over the files that git knows, and over no other.

ansible-test demands a path that ends in ansible_collections/NAMESPACE/NAME and refuses a link, so
it works on a copy. Its caches get a home directory of their own.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.cores import cores
from tests.tools import pythons

ROOT = Path(__file__).parents[2]
# A short path: the environments of ansible-test below it end up in #! lines of limited length.
HOME = ROOT / ".cache/sanity"
COPY = HOME / "ansible_collections/stellarcyber/xdr"
LOG = HOME / "log.txt"

# Takes the place of the get-pip.py that ansible-test would download from a host of its own,
# which many networks do not reach. A package index is enough for this one.
GET_PIP = """\
import runpy, sys
sys.path.insert(0, {wheel!r})
sys.argv[1:] = ["install"] + [arg for arg in sys.argv[1:] if not arg.startswith("--no-")]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
"""


def copy_collection() -> None:
    try:
        names = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split("\0")
    except FileNotFoundError:
        sys.exit("sanity: git is not installed")
    except subprocess.CalledProcessError as error:
        sys.exit(f"sanity: this needs a git clone, not an unpacked archive\n{error.stderr}")
    shutil.rmtree(COPY, ignore_errors=True)
    for name in filter(None, names):
        source, target = ROOT / name, COPY / name
        # A file that was deleted but not yet committed is still in git's list.
        if source.is_symlink() or source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    # Without it, ansible-test would take the file list of our repository, which ignores the copy.
    subprocess.run(["git", "init", "-q", COPY], check=True)


def prepare_pip(python: Path) -> None:
    """Put a get-pip.py where ansible-test looks before it downloads one."""
    package = subprocess.run(
        [python, "-c", "import ansible_test; print(*ansible_test.__path__)"], capture_output=True, text=True, check=True
    ).stdout.strip()
    source = Path(package, "_internal/python_requirements.py").read_text(encoding="utf-8")
    versions = re.findall(r"\bpip='([0-9.]+)'", source)
    for version in versions:
        wheels = HOME / "pip"
        if not (found := list(wheels.glob(f"pip-{version}-*.whl"))):
            command = [python, "-m", "pip", "download", "-qq", "--no-deps", "--dest", wheels, f"pip=={version}"]
            subprocess.run(command, check=True)
            found = list(wheels.glob(f"pip-{version}-*.whl"))
        script = HOME / f".ansible/test/cache/get_pip_{version.replace('.', '_')}.py"
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(GET_PIP.format(wheel=str(found[0])), encoding="utf-8")


def link_pythons() -> Path:
    """Make a directory of pythonX.Y names that all work, to be the first of PATH."""
    directory = HOME / "bin"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    for (major, minor), path in pythons.find().items():
        (directory / f"python{major}.{minor}").symlink_to(path)
    return directory


def environment(bin_directory: Path) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))}
    # pip's own settings and downloads stay where the user has them.
    env.setdefault("XDG_CONFIG_HOME", str(Path.home() / ".config"))
    env.setdefault("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    path = [link_pythons(), bin_directory, Path(sys.executable).parent, env.get("PATH", os.defpath)]
    return {**env, "HOME": str(HOME), "PATH": os.pathsep.join(map(str, path))}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.tools.sanity", description=__doc__.splitlines()[0])
    parser.add_argument("--core", choices=cores.SERIES, help="series of ansible-core; default: the one of .venv")
    options, arguments = parser.parse_known_args()

    bin_directory = cores.install(options.core).bin if options.core else Path(sys.executable).parent
    copy_collection()
    prepare_pip(bin_directory / "python")
    if options.core in cores.PRERELEASES:
        # A pre-release takes its pylint plugin from a host that many networks do not reach.
        arguments += ["--skip-test", "pylint"]

    names = []
    with (
        subprocess.Popen(
            [
                bin_directory / "python",
                bin_directory / "ansible-test",
                "sanity",
                "--local",
                "--color",
                "no",
                *arguments,
            ],
            cwd=COPY,
            env=environment(bin_directory),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
        LOG.open("w", encoding="utf-8") as log,
    ):
        for line in process.stdout or ():
            log.write(line)
            if line.startswith("Running sanity test"):
                names.append(line)
            elif line.startswith(("ERROR", "FATAL")):
                print(line, end="", flush=True)
    # It also ends with 0 if it finds no file to test.
    failed = process.returncode != 0 or not names
    print(f"{len(names)} sanity tests {'failed' if failed else 'passed'}, log: {LOG.relative_to(ROOT)}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
