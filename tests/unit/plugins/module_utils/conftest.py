# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client for each test, against a server in this process that says what the test lets it say."""

from __future__ import annotations

import contextlib

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.client import Client
from tests import canned
from tests.unit.plugins.module_utils._http.clients import connection

PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxy_from_outside(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def make():
    """make(answer, ..., **options) -> a client whose server gives these answers, then hangs up. It has asked, waits."""
    with contextlib.ExitStack() as stack:

        def build(*answers, on_secret=lambda secret: None, **options):
            left = iter(answers)

            def answer(asked):
                said = next(left, None)
                return said(asked) if callable(said) else said

            server = stack.enter_context(canned.serve(answer))
            waits = []
            client = stack.enter_context(Client(connection(server.url, **options), on_secret, waits.append))
            client.server, client.asked, client.waits = server, server.asked, waits
            return client

        yield build
