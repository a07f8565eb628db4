# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection: keys and tokens, TLS, retries and their budget, and the traps of requests."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
import venv

import pytest
import requests

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE as CASE_OPTIONS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.connection import connection_of
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import (
    ApiError,
    AuthenticationError,
    StellarError,
    TransportError,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.client import Client
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.token_renewal import exchange_key
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.plan import make_plan
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run import case as case_module
from tests.integration.playbook import CASE, calls, parameters

TOKEN, GET, PUT = "POST access_token", "GET cases/ID", "PUT cases/ID"


@pytest.fixture
def case(sim):
    """case(**options) -> (result, calls): a change of severity, unless it is so already."""

    def run(**options):
        sim.clear_requests()
        options = {"case_id": CASE, "severity": "High", **options}
        result = case_module.run_case(parameters(CASE_OPTIONS, sim, **options), False, lambda secret: None)
        return result, calls(sim.requests())

    return run


# -- keys and tokens --------------------------------------------------------------------------------


def test_legacy_key_goes_as_basic_and_the_token_as_bearer(sim, case):
    case()
    schemes = [entry["headers"]["authorization"] for entry in sim.requests()]
    assert schemes == ["Basic ***", "Bearer ***", "Bearer ***"]


def test_scoped_key_goes_as_bearer(sim, case):
    _result, made = case(username=None, api_key=sim.scoped_key)
    assert made == [TOKEN, GET, PUT]
    assert sim.requests()[0]["headers"]["authorization"] == "Bearer ***"


def test_auth_method_overrules_a_username_from_the_environment(sim, case):
    _result, made = case(api_key=sim.scoped_key, auth_method="bearer")
    assert made == [TOKEN, GET, PUT]


def test_an_existing_token_needs_no_exchange(sim, case):
    token = _token(sim)
    _result, made = case(username=None, api_key=None, access_token=token)
    assert made == [GET, PUT]


def test_an_expired_token_without_a_key_is_a_clear_error(sim, case):
    token = _token(sim)
    sim.advance(601)
    with pytest.raises(AuthenticationError, match=r"expired or is wrong\. Get a new one, or set api_key"):
        case(username=None, api_key=None, access_token=token)
    assert calls(sim.requests()) == [GET]


def test_an_expired_token_with_a_key_is_renewed(sim, case):
    token = _token(sim)
    sim.advance(601)
    _result, made = case(access_token=token)
    assert made == [GET, TOKEN, GET, PUT]


def _token(sim):
    connection = connection_of(parameters(CASE_OPTIONS, sim, case_id="1", severity="Low"))
    with Client(connection) as client:
        return exchange_key(client.session)[0]


@pytest.mark.parametrize("exp", ["seconds", "ms", "absent", "past"])
def test_every_known_and_unknown_form_of_exp(sim, case, exp):
    sim.switch(token_exp=exp)
    _result, made = case()
    assert made == [TOKEN, GET, PUT]


def test_a_token_is_renewed_before_it_expires(sim, case):
    """The GET takes longer than the token has to live: the PUT goes with a new one, and meets no 401."""
    sim.switch(token_lifetime_s=2)
    sim.fault("latency", ms=1800, method="GET", path="/cases/*")
    _result, made = case()
    assert made == [TOKEN, GET, TOKEN, PUT]
    assert [entry["status"] for entry in sim.requests()] == [200] * 4


def test_renewal_goes_by_the_platforms_clock(sim, case):
    sim.advance(86_400)
    sim.switch(token_lifetime_s=2)
    sim.fault("latency", ms=1800, method="GET", path="/cases/*")
    _result, made = case()
    assert made == [TOKEN, GET, TOKEN, PUT]


def test_a_ten_minute_token_that_expires_between_get_and_put(sim, case, monkeypatch):
    """Ten minutes pass on the platform's clock only, so that nothing but the 401 tells."""

    def plan_for_ten_minutes(*arguments):
        sim.advance(601)
        return make_plan(*arguments)

    monkeypatch.setattr(case_module, "make_plan", plan_for_ten_minutes)
    result, made = case()
    assert made == [TOKEN, GET, PUT, TOKEN, PUT]
    assert [entry["status"] for entry in sim.requests()] == [200, 200, 401, 200, 200]
    assert (result["changed"], result["requests"]["retry"]) == (True, 0)
    assert sim.case(CASE)["severity"] == "High"


def test_a_second_401_is_an_error(sim, case):
    sim.fault("expire_token", method="GET", path="/cases/*", times=0)
    with pytest.raises(AuthenticationError, match="A new token was refused as well"):
        case()
    assert calls(sim.requests()) == [TOKEN, GET, TOKEN, GET]


# -- traps of requests --------------------------------------------------------------------------------


def test_netrc_does_not_replace_the_token(sim, case, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    _result, made = case()
    assert made == [TOKEN, GET, PUT]
    # and not the scoped key's Bearer header either
    case(username=None, api_key=sim.scoped_key, severity="Low")
    assert [entry["headers"]["authorization"] for entry in sim.requests()] == ["Bearer ***"] * 3


@pytest.mark.parametrize("options", [{}, {"ca_path": None, "validate_certs": False}])
def test_requests_ca_bundle_does_not_overrule_the_options(case, tmp_path, monkeypatch, options):
    other = tmp_path / "other.pem"
    other.write_text("")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(other))
    _result, made = case(**options)
    assert made == [TOKEN, GET, PUT]


def test_redirects_are_not_followed(sim, case):
    sim.fault("redirect", path="/cases/*", location="https://evil.example.com/login")
    with pytest.raises(ApiError, match=r"HTTP 302 redirects to https://evil.example.com/login"):
        case()
    assert calls(sim.requests()) == [TOKEN, GET]


def test_a_redirect_of_the_exchange_is_not_followed(sim, case):
    sim.fault("redirect", path="/access_token", location=f"{sim.url}/connect/api/v1/cases")
    with pytest.raises(ApiError, match="a key is not sent after a redirect"):
        case()
    assert calls(sim.requests()) == [TOKEN]


def test_subclasses_of_str_become_plain(sim):
    class Tagged(str):
        """As ansible-core's tagged and unsafe strings, which stay what they are."""

        def strip(self, *arguments):
            return Tagged(super().strip(*arguments))

    given = parameters(CASE_OPTIONS, sim, case_id="1", severity="Low", tenant="x")
    given.update({name: Tagged(value) for name, value in given.items() if isinstance(value, str)})
    connection = connection_of(given)
    for name in ("base_url", "username", "api_key", "tenant", "verify"):
        assert getattr(connection, name).__class__ is str, name


def test_missing_requests_names_the_interpreter_and_the_cure(play, tmp_path):
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    python = tmp_path / "bare" / "bin" / "python"
    run = play(
        [{"stellarcyber.xdr.stellar_case": {"case_id": CASE, "severity": "High"}}],
        play={"vars": {"ansible_python_interpreter": str(python)}},
    )
    assert run.returncode == 2
    message = run[0].result["msg"]
    assert "Failed to import the required Python library (requests)" in message
    assert str(python) in message
    assert "-m pip install requests" in message
    assert run[0].requests == []


def test_one_connection_for_a_run(sim, case):
    case()
    assert len({entry["connection"] for entry in sim.requests()}) == 1


# -- TLS ------------------------------------------------------------------------------------------------


def test_an_unknown_ca_is_refused_before_the_key_is_sent(sim, case, waits, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    with pytest.raises(TransportError, match=r"TLS failed, so nothing was sent.*set ca_path"):
        case(ca_path=None)
    assert (sim.requests(), waits) == ([], [])


def test_what_an_older_urllib3_says_of_a_wrong_name_is_a_certificate_too(case, waits, monkeypatch):
    def refuse(*_unused, **_options):
        raise requests.exceptions.SSLError("hostname 'localhost' doesn't match 'other.example'")

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", refuse)
    with pytest.raises(TransportError, match="TLS failed, so nothing was sent"):
        case()
    assert waits == []


def test_a_port_that_speaks_no_tls_is_tried_again(case, canned, waits):
    host = canned(b"HTTP/1.1 400 Bad Request\r\n\r\n").replace("http:", "https:")
    with pytest.raises(TransportError, match=r"the TLS connection was closed: .*Check that the port speaks TLS"):
        case(host=host, retries=1)
    assert len(waits) == 1


def test_validate_certs_false(case):
    _result, made = case(ca_path=None, validate_certs=False)
    assert made == [TOKEN, GET, PUT]


# -- retries ----------------------------------------------------------------------------------------------

PLACES = {"token": ("POST", "/access_token"), "get": ("GET", "/cases/*"), "put": ("PUT", "/cases/*")}
FAULTS = {
    "429": ("status", {"status": 429}),
    "502": ("status", {"status": 502}),
    "503": ("status", {"status": 503}),
    "504": ("status", {"status": 504}),
    "lost before": ("drop_before", {}),
    "lost after": ("drop_after", {}),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("fault", FAULTS)
def test_what_may_pass_is_tried_again(sim, case, waits, place, fault):
    kind, details = FAULTS[fault]
    method, path = PLACES[place]
    sim.fault(kind, method=method, path=path, times=2, **details)
    result, made = case()
    expected = {"token": [TOKEN] * 2, "get": [GET] * 2, "put": [PUT] * 2}[place]
    assert sorted(made) == sorted([TOKEN, GET, PUT, *expected])
    assert result["requests"]["retry"] == 2
    assert sim.case(CASE)["severity"] == "High"
    # half a second, then one, each with jitter
    assert 0.25 <= waits[0] <= 0.5 <= waits[1] <= 1.0


# A little more than asked for, so that clients do not come together
@pytest.mark.parametrize(("retry_after", "low", "high"), [("7", 7, 7.5), ("0", 0, 0.5), ("date:+7", 6, 8.5)])
def test_retry_after_is_kept(sim, case, waits, retry_after, low, high):
    sim.fault("status", status=429, retry_after=retry_after, path="/cases/*")
    result, _calls = case()
    assert low <= waits[0] <= high
    assert result["requests"]["retry"] == 1


def test_a_date_in_retry_after_is_one_of_the_platforms_clock(sim, case, waits):
    sim.advance(86_400)
    sim.fault("status", status=429, retry_after="date:+7", path="/cases/*")
    case()
    assert 6 <= waits[0] <= 8


def test_waits_differ_so_that_clients_do_not_come_together(sim, case, waits):
    sim.fault("status", status=503, path="/cases/*", times=6)
    case(retries=6)
    assert len({round(wait / 0.5 / 2**number, 6) for number, wait in enumerate(waits)}) > 1


def test_failed_tries_count_for_the_budget(sim, case, waits):
    sim.fault("stall", path="/cases/*", times=0)
    with pytest.raises(TransportError) as caught:
        case(timeout=1, retries=50, retry_budget=2.5)
    assert caught.value.details["attempts"] <= 3


def test_a_retry_after_beyond_the_budget_is_not_waited_for(sim, case, waits):
    sim.fault("status", status=429, retry_after="600", path="/cases/*")
    with pytest.raises(ApiError, match="asks to wait 600 s, more than is left of retry_budget"):
        case(retry_budget=10)
    assert waits == []


def test_the_budget_is_for_the_whole_task(sim, case, waits):
    sim.fault("status", status=429, retry_after="4", path="*", times=0)
    with pytest.raises(ApiError):
        case(retry_budget=10, retries=50)
    assert len(waits) == 2
    assert all(4 <= wait <= 5 for wait in waits)


def test_it_gives_up_and_says_how_often_it_tried(sim, case, waits):
    sim.fault("status", status=503, path="/cases/*", times=0)
    with pytest.raises(ApiError, match=r"GET https://.*/cases/.*HTTP 503.*Gave up after 4 attempts\.") as caught:
        case(retries=3)
    assert caught.value.details["attempts"] == 4
    assert len(waits) == 3


@pytest.mark.parametrize("status", [400, 403, 404, 405, 422, 501])
def test_what_will_not_pass_is_not_tried_again(sim, case, waits, status):
    sim.fault("status", status=status, path="/cases/*")
    with pytest.raises(ApiError, match=f"HTTP {status}") as caught:
        case()
    assert caught.value.details["status"] == status
    assert waits == []


def test_a_platform_with_a_500_at_every_second_read_is_read_all_the_same(sim, case, waits):
    sim.switch(get_500_every=2)
    for severity in ("High", "Low"):
        result, _calls = case(severity=severity, if_unmodified_since="2099-01-01")
        assert result["changed"]
        assert len(sim.writes()) == 1
    assert len(waits) >= 2


def test_nobody_listens(sim, case, waits):
    with pytest.raises(TransportError, match=r"no answer: .*Check host and port"):
        case(host="127.0.0.1:1", retries=1)
    assert len(waits) == 1


def test_plain_http_does_not_go_through_a_proxy(case, monkeypatch):
    """It would read the key. Nobody listens at either; the message tells who was asked."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:2")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(TransportError, match=r"no answer to plain http: .*Connection refused"):
        case(host="http://127.0.0.1:1", retries=0)


def test_text_of_the_platform_in_a_message_is_fit_for_a_terminal(sim, case):
    sim.fault("status", status=400, path="/cases/*", body="\x1b[31mred\x1b[0m\u202e")
    with pytest.raises(ApiError) as caught:
        case()
    assert "red" in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_message_holds_the_reason_and_not_how_python_shows_it(case):
    with pytest.raises(TransportError) as caught:
        case(host="127.0.0.1:1", retries=0)
    assert "Connection refused" in str(caught.value)
    for noise in ("object at", "Max retries", "HTTPSConnection"):
        assert noise not in str(caught.value)


# -- answers that are none ----------------------------------------------------------------------------------


NO_ANSWERS = ["html", "not_json", "truncate", "wrong_shape"]


@pytest.mark.parametrize("place", ["token", "get"])
@pytest.mark.parametrize("kind", NO_ANSWERS)
def test_an_answer_that_is_none_is_an_error(sim, case, waits, place, kind):
    method, path = PLACES[place]
    sim.fault(kind, method=method, path=path, times=0)
    with pytest.raises(StellarError, match=r"Likely a login page|does not contain|broke off"):
        case(retries=1)
    assert sim.writes() == []


@pytest.mark.parametrize("kind", ["not_json", "truncate", "wrong_shape", "drop_after"])
def test_a_write_without_an_answer_is_looked_at_before_it_is_judged(sim, case, waits, kind):
    sim.fault(kind, method="PUT", path="/cases/*", times=0)
    result, made = case(retries=1)
    assert made[-1] == GET
    assert result["changed"] is True
    assert result["case"]["severity"] == sim.case(CASE)["severity"] == "High"


@pytest.mark.parametrize("kind", ["html", "drop_before"])
def test_a_write_that_never_arrived_is_an_error(sim, case, waits, kind):
    sim.fault(kind, method="PUT", path="/cases/*", times=0)
    with pytest.raises(StellarError, match="Could not update case") as caught:
        case(retries=1)
    assert caught.value.to_result().get("changed") is None
    assert sim.case(CASE)["severity"] == "Medium"


def test_a_write_that_nobody_can_judge_says_so(sim, case, waits):
    sim.fault("drop_after", method="PUT", path="/cases/*", times=0)
    sim.fault("status", status=500, method="GET", path="/cases/*", times=0, after=1)
    with pytest.raises(TransportError, match="It is unknown whether the case was changed"):
        case(retries=1)


def test_an_answer_that_never_ends(sim, case, waits):
    sim.fault("drip", ms_per_byte=50, path="/cases/*", times=0)
    started = time.monotonic()
    with pytest.raises(TransportError, match="no complete answer in time"):
        case(timeout=1, retries=1)
    assert time.monotonic() - started < 5


def test_an_answer_that_never_comes(sim, case, waits):
    sim.fault("stall", path="/cases/*", times=0)
    with pytest.raises(TransportError, match="no complete answer in time"):
        case(timeout=1, retries=1)


@pytest.fixture
def canned():
    """canned(bytes) -> host that gives these bytes to whoever comes, over plain http."""
    listeners = []

    def answer(content):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def serve():
            with contextlib.suppress(OSError):  # the test is over
                while True:
                    connection, _address = listener.accept()
                    with connection:
                        connection.recv(65536)
                        connection.sendall(content)

        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield answer
    for listener in listeners:
        listener.close()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope", "can't be decompressed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", "is not a JSON object"),
        (b'HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n{"access_token": 5}', "contains no access_token"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}", "HTTP 200, but the answer broke off: .*2 bytes read"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no answer to plain http"),
    ],
)
def test_answers_of_another_server(case, canned, content, message):
    with pytest.raises(StellarError, match=message):
        case(host=canned(content), retries=0)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (rb"a\uD83D\uDE00b", "a\U0001f600b"),  # a pair is one character
        (rb"a\ud800b", "a?b"),
        (b"a\xed\xa0\x80b", "a\ufffd\ufffd\ufffdb"),
        (b"a\xffb", "a\ufffdb"),
        (rb"a\u0000b", "a\x00b"),
    ],
)
def test_text_that_is_no_unicode_becomes_text(case, canned, text, shown):
    body = b'{"data": {"_id": "%s", "severity": "High", "name": "%s", "score": NaN}}' % (CASE.encode(), text)
    host = canned(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    result, _calls = case(host=host, api_key=None, access_token="token")
    assert result["case"]["name"] == shown
    assert result["case"]["score"] is None
    json.dumps(result, ensure_ascii=False).encode("utf-8")


def test_a_body_that_swells_is_cut_off(sim, case):
    sim.fault("gzip_bomb", mib=200, path="/cases/*")
    with pytest.raises(ApiError, match="larger than 16 MiB"):
        case()
