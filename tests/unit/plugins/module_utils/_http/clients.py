# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the client share. The fixture make (conftest.py) makes one."""

from __future__ import annotations

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import StellarError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.connection import Connection
from tests.canned import http

TOKEN = "canary-token-4711"
KEY = "canary/key+4711"
LOGIN = http({"access_token": TOKEN})
API = "/connect/api/v1/"
DATE = "Tue, 15 Nov 1994 08:12:31 GMT"
DATE_S = 784_887_151


def connection(url, **options):
    given = {
        "username": "",
        "api_key": "",
        "access_token": "" if options.get("api_key") else TOKEN,
        "auth_method": "basic" if options.get("username") else "bearer",
        "tenant": "",
        "verify": True,
        "proxy": "",
        "timeout": 10.0,
        "retries": 0,
        "retry_budget": 60.0,
    }
    return Connection(base_url=url, **{**given, **options})


def failure(call, *arguments, **options):
    with pytest.raises(StellarError) as caught:
        call(*arguments, **options)
    return caught.value


def put(client, **options):
    return client.write("PUT", "cases/1", {"severity": "High"}, "Could not update case 1", **options)
