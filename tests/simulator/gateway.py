# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that happens to a request around the API itself: log, latency, an analyst's edits, faults."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
import traceback
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .faults import Plan

if TYPE_CHECKING:
    from .world import World

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

CONTROL = "/_control"
API_PREFIXES = ("/connect/api/v1", "/connect/api")


@dataclass
class Answer:
    status: int = 200
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""


def plan_path(path: str) -> str:
    """Return the path that faults and edits are matched with."""
    for prefix in API_PREFIXES:
        if path.startswith(prefix + "/"):
            return path[len(prefix) :]
    return path


class Gateway:
    def __init__(self, world: World, api: App, control: App) -> None:
        self._world = world
        self._api = api
        self._control = control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith(CONTROL):
            await self._control(scope, receive, send)
            return
        world = self._world
        body = await _read(receive)
        entry = world.log.open(scope, body, world.clock.now())
        refusal = world.rate.refusal(world.switches)
        if refusal is not None:
            # Before all else, as a load balancer would: no fault and no edit counts such a call.
            entry["fault"] = "rate_limit"
            answer = Answer(refusal.status_code, refusal.raw_headers, refusal.body)
            await _Delivery(world, entry, scope, receive, send).deliver(answer, None)
            return
        path = plan_path(scope["path"])
        query = dict(entry["query"])
        plans = world.faults.take(scope["method"], path, query)
        edits = world.edits.take(scope["method"], path, query)
        waits = [plan for plan in plans if plan.kind == "latency"]
        standing = world.standing.fault(scope["method"], path, world.switches)
        fault = next((plan for plan in plans if plan.kind != "latency"), standing)
        for plan in [*waits, *([fault] if fault else []), *edits]:
            plan.used += 1
        entry["fault"] = fault.kind if fault else "latency" if waits else None
        self._edit(edits, "before")
        delay = world.latency_ms + sum(plan.given["ms"] for plan in waits)
        if delay:
            await asyncio.sleep(delay / 1000)
        if fault and fault.kind == "expire_token":
            world.auth.expire(dict(scope["headers"]).get(b"authorization", b"").decode("latin-1"))
        if fault and fault.kind == "late":
            world.late.start(fault.given["ms"], lambda: self._handle(scope, body))
        answer = await self._handle(scope, body) if fault is None or fault.handled else Answer()
        self._edit(edits, "after")
        await _Delivery(world, entry, scope, receive, send).deliver(answer, fault)

    def _edit(self, edits: list[Plan], side: str) -> None:
        for plan in edits:
            if plan.kind == side:
                self._world.analyst_edit(**plan.given)

    async def _handle(self, scope: Scope, body: bytes) -> Answer:
        """Run the API and keep its answer, which a fault may still change."""
        answer = Answer()

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer.status, answer.headers = message["status"], list(message["headers"])
            else:
                answer.body += message.get("body", b"")

        try:
            await self._api(scope, receive, send)
        except Exception:
            # a fault of the simulator itself: the test must see it, and so must whoever looks at the terminal
            traceback.print_exc(file=sys.stderr)
            return Answer(500, _content("text/plain"), traceback.format_exc().encode())
        return answer


async def _read(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


def _content(kind: str) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", kind.encode())]


class _Delivery:
    """Send one answer, as it is or as a fault has it."""

    def __init__(self, world: World, entry: dict[str, Any], scope: Scope, receive: Receive, send: Send) -> None:
        self._world = world
        self._entry = entry
        self._scope = scope
        self._receive = receive
        self._send = send

    async def deliver(self, answer: Answer, fault: Plan | None) -> None:
        if fault is None:
            await self._start(answer, len(answer.body))
            await self._send({"type": "http.response.body", "body": answer.body})
        else:
            await getattr(self, f"_{fault.kind}")(answer, **fault.given)

    async def _start(self, answer: Answer, length: int) -> None:
        self._entry["status"] = answer.status
        headers = [header for header in answer.headers if header[0] not in (b"content-length", b"date")]
        date = formatdate(self._world.clock.now(), usegmt=True).encode()
        await self._send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [*headers, (b"content-length", str(length).encode()), (b"date", date)],
            }
        )

    async def _whole(self, status: int, kind: str, body: bytes, *headers: tuple[bytes, bytes]) -> None:
        await self.deliver(Answer(status, [*_content(kind), *headers], body), None)

    async def _cut(self) -> None:
        """End the connection at once, and wait for uvicorn to notice, else it would send an answer of its own."""
        if not self._entry["status"]:
            self._entry["status"] = 0
        self._scope["state"]["transport"].abort()
        await self._gone()

    async def _gone(self) -> None:
        """Wait until the connection has ended."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _status(self, answer: Answer, status: int, retry_after: str, body: Any) -> None:
        headers = []
        if retry_after != "":
            text = str(retry_after)
            if text.startswith("date:"):
                text = formatdate(self._world.clock.now() + float(text[len("date:") :]), usegmt=True)
            headers.append((b"retry-after", text.encode()))
        content = {"error": "injected fault"} if body is None else body
        if isinstance(content, str):
            await self._whole(status, "text/plain", content.encode(), *headers)
        else:
            await self._whole(status, "application/json", json.dumps(content).encode(), *headers)

    async def _late(self, answer: Answer, status: int, ms: float, body: Any) -> None:
        await self._status(answer, status, "", body)

    async def _drop_before(self, answer: Answer) -> None:
        await self._cut()

    _drop_after = _drop_before

    async def _truncate(self, answer: Answer) -> None:
        await self._start(answer, len(answer.body))
        await self._send(
            {"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True}
        )
        # close, not abort: what was written must reach the client
        self._scope["state"]["transport"].close()
        await self._gone()

    async def _html(self, answer: Answer, status: int) -> None:
        page = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><form>Password</form></body></html>"
        await self._whole(status, "text/html; charset=utf-8", page)

    async def _not_json(self, answer: Answer, body: str) -> None:
        await self._whole(200, "application/json", body.encode())

    async def _wrong_shape(self, answer: Answer, body: Any) -> None:
        await self._whole(200, "application/json", json.dumps(body).encode())

    async def _redirect(self, answer: Answer, status: int, location: str) -> None:
        await self._whole(status, "text/plain", b"", (b"location", location.encode()))

    async def _expire_token(self, answer: Answer) -> None:
        await self._whole(401, "application/json", b'{"error": "Unauthorized"}')

    async def _drip(self, answer: Answer, ms_per_byte: float) -> None:
        await self._start(answer, len(answer.body))
        gone = asyncio.ensure_future(self._gone())
        for position in range(len(answer.body)):
            if gone.done():
                return
            await self._send(
                {"type": "http.response.body", "body": answer.body[position : position + 1], "more_body": True}
            )
            await asyncio.sleep(ms_per_byte / 1000)
        gone.cancel()
        await self._send({"type": "http.response.body", "body": b""})

    async def _drip_headers(self, answer: Answer, ms_per_line: float, lines: int) -> None:
        """uvicorn sends all headers at once, so this answer goes past it and ends the connection."""
        self._entry["status"] = answer.status
        transport = self._scope["state"]["transport"]
        gone = asyncio.ensure_future(self._gone())
        transport.write(f"HTTP/1.1 {answer.status} \r\n".encode())
        for number in range(lines):
            if gone.done():
                return
            transport.write(f"x-drip-{number}: {number}\r\n".encode())
            await asyncio.sleep(ms_per_line / 1000)
        date = formatdate(self._world.clock.now(), usegmt=True).encode()
        kept = [header for header in answer.headers if header[0] not in (b"content-length", b"date", b"connection")]
        length = str(len(answer.body)).encode()
        headers = [*kept, (b"content-length", length), (b"date", date), (b"connection", b"close")]
        lines_left = [name + b": " + value + b"\r\n" for name, value in headers]
        transport.write(b"".join([*lines_left, b"\r\n", answer.body]))
        transport.close()
        await gone

    async def _stall(self, answer: Answer, max_s: float) -> None:
        self._entry["status"] = 0
        try:
            # until the client gives up
            await asyncio.wait_for(self._gone(), max_s)
        except TimeoutError:
            await self._cut()

    async def _gzip_bomb(self, answer: Answer, mib: int) -> None:
        packed = await asyncio.to_thread(_bomb, mib)
        await self._whole(200, "application/json", packed, (b"content-encoding", b"gzip"))

    async def _echo(self, answer: Answer, status: int, spelling: str) -> None:
        sent = dict(self._scope["headers"]).get(b"authorization", b"").decode("latin-1")
        scheme, _space, credentials = sent.partition(" ")
        if scheme == "Basic":
            sent += " " + base64.b64decode(credentials).decode()
        text = spelled(sent, answer.body.decode(), spelling)
        headers = [(b"location", f"https://other.example/{text[:4000]}".encode())] if 300 <= status < 400 else []
        await self._whole(status, "application/json", text.encode(), *headers)


def spelled(sent: str, answer: str, spelling: str) -> str:
    """Return what an echo says."""
    text = f"you sent {sent} and get {answer}"
    if spelling == "json":
        return '{"error": "' + "".join(f"\\u{ord(char):04x}" for char in text) + '"'
    if spelling == "url":
        return quote(text, safe="")
    if spelling == "base64":
        return base64.b64encode(text.encode()).decode()
    if spelling == "many":
        return f"{sent} " * (80_000 // (len(sent) + 1))
    return {"plain": text, "list": f"[{answer}]", "comma": answer[:-1] + ",}"}[spelling]


def _bomb(mib: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(b'{"data": "')]
    block = b" " * 2**20
    parts += [packer.compress(block) for _unused in range(mib)]
    return b"".join([*parts, packer.compress(b'"}'), packer.flush()])
