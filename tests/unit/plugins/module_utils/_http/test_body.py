# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From bytes to JSON: what is read, what is refused, and that none of it is an exception of Python's own."""

from __future__ import annotations

import gzip
import json
import re
import time
import tracemalloc
import zlib

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._http import body as body_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.body import (
    MAX_DEPTH,
    MAX_VALUES,
    decompressed,
    loads,
)

MIB = 2**20


def nested(levels, kind="list"):
    opened, closed = {"list": (b"[", b"]"), "object": (b'{"a":', b"}")}[kind]
    return opened * levels + b"0" + closed * levels


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        (b'{"a": [1, -2, 2.5, true, null, "x"]}', {"a": [1, -2, 2.5, True, None, "x"]}),
        (b" 5 ", 5),
        (b'"[{,"', "[{,"),
        # a byte-order mark, of which one is ignored
        (b'\xef\xbb\xbf{"a": "\xef\xbb\xbf"}', {"a": "\ufeff"}),
        # numbers that are none, or that Python can't calculate with
        (b"[NaN, Infinity, -Infinity]", [None] * 3),
        (b"[1e308, 1e309, -1e999, 1e-999]", [1e308, None, None, 0.0]),
        (b"9" * 300, int("9" * 300)),
        (b"[" + b"9" * 301 + b", 7]", [None, 7]),
        (b"-" + b"9" * 301, None),
        (b'{"a": ' + b"1" * MIB + b"}", {"a": None}),
        (b'"' + b"9" * 301 + b'"', "9" * 301),
        # text that is none
        (rb'"\ud83d\ude00"', "\U0001f600"),
        (rb'"\uD800x"', "?x"),
        (rb'{"\udfff": 1}', {"?": 1}),
        (b'"\xff\xed\xa0\x80"', "\ufffd" * 4),
        (rb'"a\u0000"', "a\0"),
        (rb'"\\ud800"', "\\ud800"),
        # keys
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b'{"_ansible_x": 1, "__ansible_y": {"_ansible_z": 2}, "_ansiblex": 3}',
         {"stellar_ansible_x": 1, "stellar__ansible_y": {"stellar_ansible_z": 2}, "_ansiblex": 3}),
        (rb'{"\u005fansible_x": 1}', {"stellar_ansible_x": 1}),
        (b'"_ansible_x"', "_ansible_x"),
    ],
)  # fmt: skip
def test_what_is_read(content, answer):
    found = loads(content)
    assert found == answer
    json.dumps(found, ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize("kind", ["list", "object"])
@pytest.mark.parametrize(("levels", "reads"), [(MAX_DEPTH, True), (MAX_DEPTH + 1, False), (900, False), (10**5, False)])
def test_how_deep(kind, levels, reads):
    if reads:
        loads(nested(levels, kind))
    else:
        with pytest.raises(ValueError, match="is nested too deeply"):
            loads(nested(levels, kind))


def test_a_deep_part_beside_flat_ones():
    with pytest.raises(ValueError, match="is nested too deeply"):
        loads(b'{"a": [], "b": {"c": [0, ' + nested(MAX_DEPTH) + b']}, "d": 1}')


@pytest.mark.parametrize("values", [b"[],", b"{},", b"1,"])
def test_how_many_values(monkeypatch, values):
    monkeypatch.setattr(body_module, "MAX_VALUES", 10_000)
    per_value = 2 if values != b"1," else 1
    loads(b"[" + values * (9_990 // per_value) + b"0]")
    with pytest.raises(ValueError, match="has too many values"):
        loads(b"[" + values * 10_000 + b"0]")


@pytest.mark.parametrize("text", [",", "[", "{", r"\"", r"\\", r"\",", r"\\\","])
def test_what_stands_in_a_string_is_no_value(monkeypatch, text):
    monkeypatch.setattr(body_module, "MAX_VALUES", 10)
    content = '["' + text * 20 + ',", "' + "," * 20 + '", 1%s]'
    assert len(loads((content % "").encode())) == 3
    loads((content % (", 1" * 7)).encode())
    with pytest.raises(ValueError, match="has too many values"):
        loads((content % (", 1" * 8)).encode())


@pytest.mark.parametrize("end", ["", "\\", '\\"'])
def test_a_string_without_an_end_is_no_value(monkeypatch, end):
    monkeypatch.setattr(body_module, "MAX_VALUES", 10)
    with pytest.raises(ValueError, match="is not JSON"):
        loads(('["' + "," * 20 + end).encode())


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_string_in_pieces(monkeypatch, size):
    monkeypatch.setattr(body_module, "_PIECE_BYTES", size)
    content = rb'["a,b", "\"[,", {"c\\": "", "\\\",": 5}]'
    assert b"".join(body_module._outside_strings(content)) == b"[, , {: , : 5}]"


@pytest.mark.parametrize("repeated", [b'","', b'\\",', b'"",', b'\\\\,"', b",", b'"a,'])
def test_strings_are_left_out_in_little_time_and_memory(repeated):
    content = b'["' + repeated * (MIB // len(repeated))
    tracemalloc.start()
    try:
        started = time.process_time()
        for _piece in body_module._outside_strings(content):
            pass
        assert time.process_time() - started < 10
        assert tracemalloc.get_traced_memory()[1] < 3 * len(content)
    finally:
        tracemalloc.stop()


def test_a_page_of_the_platform_is_far_from_the_limits():
    case = {f"field {number}": "a, b" * 10 for number in range(40)}
    loads(json.dumps({"data": {"cases": [{**case, "tags": ["t"] * 200}] * 500}}).encode())
    assert MAX_VALUES > 500 * (2 * 40 * 10 + 200)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" ",
        b"{",
        b"<html>",
        b"{'a': 1}",
        b"[1,]",
        b"\xff\xfe",
        b"\xef\xbb\xbf" * 2 + b"{}",
        b"nul",
        b"\0",
        b"1 2",
        '{"a": 1}'.encode("utf-16"),
        '{"a": 1}'.encode("utf-32"),
        b'{"a": 1,}',
    ],
)
def test_what_is_no_json(content):
    with pytest.raises(ValueError, match=r"^is not JSON$"):
        loads(content)


# Without the time of day, since names of tests hold what is packed.
GZIP = gzip.compress(b"hello", mtime=0)


@pytest.mark.parametrize(
    ("pieces", "encoding", "body"),
    [
        ([b"he", b"llo"], "", b"hello"),
        ([b"hello"], "identity", b"hello"),
        ([GZIP], "gzip", b"hello"),
        ([GZIP], " GZip ", b"hello"),
        ([GZIP], "x-gzip", b"hello"),
        ([GZIP[:5], GZIP[5:]], "gzip", b"hello"),
        ([bytes([byte]) for byte in GZIP], "gzip", b"hello"),
        ([], "gzip", b""),
        ([], "", b""),
        ([gzip.compress(b"", mtime=0)], "gzip", b""),
    ],
)
def test_what_is_decompressed(pieces, encoding, body):
    assert decompressed(pieces, encoding, 100) == body


@pytest.mark.parametrize(
    ("pieces", "encoding", "words"),
    [
        ([b"hello"], "gzip", "can't be decompressed"),
        ([GZIP[:-1]], "gzip", "can't be decompressed"),
        ([GZIP + b"more"], "gzip", "can't be decompressed"),
        ([GZIP, GZIP], "gzip", "can't be decompressed"),
        ([GZIP[:-8] + bytes(8)], "gzip", "can't be decompressed"),  # another checksum
        ([zlib.compress(b"hello")], "gzip", "can't be decompressed"),
        ([zlib.compress(b"hello")], "deflate", "has the Content-Encoding deflate, which was not requested"),
        ([b"hello"], "br", "has the Content-Encoding br, which was not requested"),
        ([b"hello"], "zstd", "has the Content-Encoding zstd, which was not requested"),
        ([gzip.compress(GZIP, mtime=0)], "gzip, gzip", "has the Content-Encoding gzip, gzip, which was not requested"),
        # what is no name of a way to pack, but any text, such as a secret
        ([b"hello"], "\x1b[31m" + "x" * 99, "has a Content-Encoding that was not requested"),
        ([b"hello"], "canary-token-4711", "has a Content-Encoding that was not requested"),
        ([b"hello"], "gzip, canary", "has a Content-Encoding that was not requested"),
        ([b"hello"], "br," * 30 + "br", "has a Content-Encoding that was not requested"),
    ],
)
def test_what_is_not_decompressed(pieces, encoding, words):
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        decompressed(pieces, encoding, 100)


@pytest.mark.parametrize("encoding", ["", "gzip"])
@pytest.mark.parametrize(("size", "length"), [(9, 9), (10, 10), (11, 10), (10**5, 10)])
def test_no_more_than_so_many_bytes(encoding, size, length):
    body = b"x" * size
    assert decompressed([gzip.compress(body) if encoding else body], encoding, 10) == b"x" * length


def test_nothing_is_read_beyond_the_limit():
    def pieces():
        yield b"x" * 10
        raise AssertionError("read on")

    assert decompressed(pieces(), "", 10) == b"x" * 10


def test_a_bomb_takes_the_memory_of_the_limit():
    bomb = gzip.compress(bytes(64 * MIB))
    tracemalloc.start()
    decompressed([bomb], "gzip", MIB)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * MIB
