# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start the simulator: python -m tests.simulator --help"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import sys
import tempfile
from pathlib import Path
from typing import Any

from .app import build
from .cases import render_all
from .openapi import document
from .routes import ROUTES
from .server import CERTIFICATES, bind, make_certificate, serve
from .switches import DEFAULT_PROFILE, PROFILES, Switches, parse_assignment
from .world import Initial, World


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulator",
        description="Stellar Cyber's Cases API on loopback. It is meant for tests: it has no secrets worth keeping.",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=port, default=8443, help="0 = a free port (default %(default)s)")
    parser.add_argument("--cases", type=int, default=60, metavar="N", help="cases to make up (default %(default)s)")
    parser.add_argument("--seed", type=Path, metavar="FILE", help="JSON: cases exported by stellar_case_info, instead")
    parser.add_argument("--profile", choices=PROFILES, default=DEFAULT_PROFILE, help="release to be like")
    parser.add_argument("--switch", action="append", default=[], metavar="NAME=VALUE", help="see README.md")
    parser.add_argument("--latency-ms", type=float, default=0, metavar="N", help="added to each API call")
    parser.add_argument("--db", default=":memory:", metavar="FILE", help="keep the cases in this file")
    parser.add_argument("--username", default=os.environ.get("SIMULATOR_USERNAME", ""), help="account of the key")
    parser.add_argument("--api-key", default=os.environ.get("SIMULATOR_API_KEY", ""), help="default: a new one")
    parser.add_argument(
        "--certificate", choices=CERTIFICATES, default="good", help="another is one that clients must refuse"
    )
    parser.add_argument(
        "--cert-dir",
        type=Path,
        metavar="DIR",
        help="where ca.pem is written (default: a temporary directory, removed at the end)",
    )
    parser.add_argument("--ready-file", type=Path, metavar="FILE", help="JSON with address and keys, once it serves")
    parser.add_argument("--openapi", action="store_true", help="print a description of the API, and do not start")
    parser.add_argument("--parent-pid", type=int, metavar="PID", help="end when this process ends")
    options = parser.parse_args(arguments)
    try:
        options.switches = dict(parse_assignment(text) for text in options.switch)
        options.seed_cases = _read_seed(options.seed) if options.seed else None
    except (ValueError, OSError) as error:
        parser.error(str(error))
    return options


def _read_seed(path: Path) -> list[dict[str, Any]]:
    content = json.loads(path.read_text(encoding="utf-8"))
    cases = content.get("cases") if isinstance(content, dict) else content
    if not isinstance(cases, list) or not all(isinstance(case, dict) for case in cases):
        raise ValueError(f'{path}: a seed is a list of cases or {{"cases": [..]}}')
    return cases


def write_ready_file(path: Path, content: dict[str, Any]) -> None:
    """Write the file at once, so that nobody reads half of it, and for this account alone, since it has keys."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mode 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
    os.replace(temporary, path)


def port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise ValueError(text)
    return number


def greeting(ready: dict[str, Any], world: World) -> str:
    records = list(world.store.records())
    tags = sorted({tag for record in records for tag in record["tags"]})
    account = f"STELLAR_USERNAME={ready['username']} STELLAR_CA_PATH={ready['ca_path']}"
    lines = [
        f"Simulator of the Stellar Cyber Cases API, like release {world.switches.profile}, with {len(records)} cases.",
        "To connect:",
        "",
        f"  export STELLAR_HOST={ready['host']} {account}",
        f"  export STELLAR_API_KEY={ready['api_key']}",
        "",
        "A scoped key, which goes without STELLAR_USERNAME:",
        "",
        f"  {ready['scoped_key']}",
        "",
        "Some of its cases:",
        "",
        *(
            f"  {record['_id']}  ticket {record['ticket_id']}  "
            f"{record['status']}  {record['severity']}  {record['name']}"
            for record in [*records[:2], *records[-4:]]
        ),
        "",
        f"Tags: {', '.join(repr(tag) for tag in tags[:12])}",
        "Ctrl-C ends it.",
    ]
    return "\n".join(lines)


def run(options: argparse.Namespace, directory: Path) -> int:
    try:
        listener = bind(options.host, options.port)
    except OSError as error:
        print(f"cannot listen on {options.host}:{options.port}: {error.strerror or error}", file=sys.stderr)
        return 1
    initial = Initial(options.cases, options.seed_cases, options.latency_ms)
    try:
        world = World(initial, options.profile, options.switches, options.db, options.api_key, options.username)
    except sqlite3.Error as error:
        print(f"cannot use {options.db}: {error}", file=sys.stderr)
        return 1
    render_all(world)
    context, ca_path = make_certificate(options.cert_dir or directory, options.host, options.certificate)
    address = f"[{options.host}]" if ":" in options.host else options.host
    host = f"{address}:{listener.getsockname()[1]}"
    ready = {
        "url": f"https://{host}",
        "host": host,
        "username": world.auth.username,
        "api_key": world.auth.api_key,
        "scoped_key": world.auth.scoped_key,
        "scoped_tenants": world.switches.scoped_tenants,
        "ca_path": str(ca_path.resolve()),
        "control_url": f"https://{host}/_control",
        "pid": os.getpid(),
    }

    def on_ready() -> None:
        if options.ready_file:
            write_ready_file(options.ready_file, ready)
        else:
            print(greeting(ready, world), flush=True)

    try:
        serve(build(world), listener, context, on_ready, options.parent_pid)
    finally:
        world.store.close()
        if options.ready_file:
            options.ready_file.unlink(missing_ok=True)
    return 0


def main() -> int:
    options = parse_arguments()
    if options.openapi:
        print(json.dumps(document(ROUTES, Switches(options.profile, options.switches)), indent=1))
        return 0
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_unused: sys.exit(0))  # while it still starts
    with tempfile.TemporaryDirectory(prefix="stellar-simulator-") as directory:
        return run(options, Path(directory))


if __name__ == "__main__":
    sys.exit(main())
