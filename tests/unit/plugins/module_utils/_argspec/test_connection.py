# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of connection options: documented as they are, and checked before anything is sent."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.stellarcyber.xdr.plugins.doc_fragments import _connection, _query
from ansible_collections.stellarcyber.xdr.plugins.module_utils._api.reader import _INCLUDED
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import INCLUDES, QUERY
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.connection import (
    CONNECTION,
    connection_of,
    env_name,
    variable_name,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError

SECRETS = {name for name, spec in CONNECTION.items() if spec.get("no_log")}
OK = {"host": "xdr.example.com", "username": "a@example.com", "api_key": "key"}


def documented(text):
    return yaml.safe_load(text)["options"]


def test_the_same_options_in_the_table_and_in_the_documentation():
    module, plugin = (
        documented(_connection.ModuleDocFragment.DOCUMENTATION),
        documented(_connection.ModuleDocFragment.PLUGIN),
    )
    assert set(module) == set(plugin) == set(CONNECTION)
    for name, spec in CONNECTION.items():
        for fact in ("type", "default", "choices", "required"):
            assert module[name].get(fact) == spec.get(fact), (name, fact)
        assert f"E({env_name(name)})" in str(module[name]["description"])


@pytest.mark.parametrize("name", CONNECTION)
def test_the_same_names_everywhere(name):
    sources = documented(_connection.ModuleDocFragment.PLUGIN)[name]
    assert sources["env"] == [{"name": f"STELLAR_{name.upper()}"}]
    assert sources["vars"] == [{"name": f"stellar_{name}"}]
    # No module can read ansible.cfg.
    assert "ini" not in sources
    words = " ".join(str(documented(_connection.ModuleDocFragment.DOCUMENTATION)[name]["description"]).split())
    assert f"If not set, the variable C({variable_name(name)}) is used, else E({env_name(name)})" in words


def test_secrets_are_marked_and_user_names_are_not():
    assert {"api_key", "access_token", "proxy"} == SECRETS


def test_the_same_filters_in_the_table_and_in_the_documentation():
    options = documented(_query.ModuleDocFragment.DOCUMENTATION)
    assert set(options) == set(QUERY)
    for name, spec in QUERY.items():
        for fact in ("type", "elements", "default", "choices"):
            assert options[name].get(fact) == spec.get(fact), (name, fact)


def test_every_part_that_can_be_included_can_be_read():
    assert {"alerts", *_INCLUDED} == set(INCLUDES)


@pytest.mark.parametrize(
    ("host", "base_url"),
    [
        ("xdr.example.com", "https://xdr.example.com"),
        (" xdr.example.com ", "https://xdr.example.com"),
        ("https://xdr.example.com/", "https://xdr.example.com"),
        ("xdr.example.com:8443", "https://xdr.example.com:8443"),
        ("192.0.2.1", "https://192.0.2.1"),
        ("[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]", "http://[::1]"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_hosts(host, base_url):
    assert connection_of({**OK, "host": host}).base_url == base_url


@pytest.mark.parametrize(
    "host",
    [
        "",
        None,
        "xdr.example.com/connect",
        "https://xdr.example.com?x=1",
        "https://xdr.example.com#x",
        "ftp://xdr.example.com",
        "http://xdr.example.com",
        "http://10.0.0.1",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "user@xdr.example.com",
        "a b",
        "a\nb",
        "-a",
        "xdr.example.com:99999",
        "xdr.example.com:https",
        "[::1",
        "2001:db8::1",
        "ex\u00e4mple.com",
        "{{ host }}",
    ],
)
def test_no_hosts(host):
    with pytest.raises(InputError, match=r"^host "):
        connection_of({**OK, "host": host})


@pytest.mark.parametrize(
    ("options", "method"),
    [
        ({}, "basic"),
        ({"username": None}, "bearer"),
        ({"username": ""}, "bearer"),
        ({"auth_method": "bearer"}, "bearer"),
        ({"auth_method": "basic"}, "basic"),
    ],
)
def test_the_kind_of_key(options, method):
    assert connection_of({**OK, **options}).auth_method == method


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"api_key": None}, "api_key"),
        ({"api_key": "with space"}, "api_key"),
        ({"api_key": "line\nbreak"}, "api_key"),
        ({"access_token": "caf\u00e9"}, "access_token"),
        ({"username": None, "auth_method": "basic"}, "auth_method"),
        ({"username": "a:b"}, "username"),
        ({"ca_path": "/nowhere"}, "ca_path"),
        ({"proxy": "proxy:3128"}, "proxy"),
        ({"proxy": "http://proxy:3128", "host": "http://127.0.0.1"}, "proxy"),
        ({"ca_path": __file__}, "ca_path"),
        ({"ca_path": "/dev/null"}, "ca_path"),
        ({"proxy": "http://[::1"}, "proxy"),
        ({"proxy": "http://me:p%E2%82%ACss@proxy:3128"}, "proxy"),
        ({"proxy": "https://me€:pass@proxy:3128"}, "proxy"),
        ({"proxy": "socks5://me:\udcff@proxy:3128"}, "proxy"),
        ({"username": "a\udcff@example.com"}, "username"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"retries": -1}, "retries"),
        ({"retry_budget": float("inf")}, "retry_budget"),
    ],
)
def test_bad_options(options, option):
    with pytest.raises(InputError, match=rf"^{option} ") as caught:
        connection_of({**OK, **options})
    for secret in ("with space", "caf\u00e9"):
        assert secret not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "timeouts"), [({}, (30, 90)), ({"timeout": None}, (30, 90)), ({"timeout": 45}, (45, 45))]
)
def test_lists_have_more_time_unless_timeout_is_set(options, timeouts):
    connection = connection_of({**OK, **options})
    assert (connection.timeout, connection.list_timeout) == timeouts


def test_a_key_may_end_in_a_line_break_as_files_do():
    assert connection_of({**OK, "api_key": "key\n"}).api_key == "key"


@pytest.mark.parametrize(
    "proxy", ["http://me:p%C3%BCss@proxy:3128", "https://mé@proxy", "socks5h://me€:%E2%82%AC@proxy:1"]
)
def test_user_name_and_password_of_a_proxy(proxy):
    assert connection_of({**OK, "proxy": proxy}).proxy == proxy


def test_secrets_are_not_in_the_repr():
    shown = repr(connection_of({**OK, "api_key": "canary", "access_token": "canary", "proxy": "http://u:canary@p"}))
    assert "canary" not in shown


@pytest.mark.parametrize(
    ("options", "verify"),
    [({}, True), ({"validate_certs": True}, True), ({"validate_certs": False, "ca_path": "/nowhere"}, False)],
)
def test_verification_is_on_unless_switched_off(options, verify):
    assert connection_of({**OK, **options}).verify is verify
