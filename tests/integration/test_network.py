# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates, proxies, names of hosts and a .netrc, over real sockets, in this process and by ansible-playbook."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE as CASE_OPTIONS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError, StellarError, TransportError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run import case as case_module
from tests import canaries, evidence
from tests.integration.listeners import Authority, authority, listen, tls
from tests.integration.playbook import CASE, calls, parameters, run_playbook
from tests.simulator.process import start

pytestmark = pytest.mark.slow

TOKEN, GET, PUT = "POST access_token", "GET cases/ID", "PUT cases/ID"
CHANGE = {"stellarcyber.xdr.stellar_case": {"case_id": CASE, "severity": "High"}}
CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
NO_PROXY_VARIABLES = ("NO_PROXY", "no_proxy")
USER, PASSWORD = "proxy-user", "proxy canary/4711"
QUOTED = "proxy%20canary%2F4711"


__all__ = ["authority", "listen"]  # fixtures


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch):
    for name in (*CA_VARIABLES, *PROXY_VARIABLES, *NO_PROXY_VARIABLES, "NETRC"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def case(sim):
    """case(**options) -> the calls of a change of severity; raises what the task would fail with."""

    def run(**options):
        sim.clear_requests()
        given = {"case_id": CASE, "severity": "High", "retries": 0, **options}
        case_module.run_case(parameters(CASE_OPTIONS, sim, **given), False, lambda secret: None)
        return calls(sim.requests())

    return run


def refused(case, **options):
    with pytest.raises(StellarError) as caught:
        case(**options)
    return str(caught.value)


def record(name, outcome):
    evidence.record("network", case=name, outcome=outcome)


# -- certificates -----------------------------------------------------------------------------------------------


LAST_YEAR = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=365)
NEXT_YEAR = LAST_YEAR + datetime.timedelta(days=730)
BAD_CERTIFICATES = {
    "expired": (("127.0.0.1",), {"not_after": LAST_YEAR}, "certificate has expired", "Renew "),
    "not valid yet": (("127.0.0.1",), {"not_before": NEXT_YEAR, "not_after": NEXT_YEAR}, "not yet valid", "Renew "),
    "of another name": (("other.example.com",), {}, "127.0.0.1", "It is for another name"),
    "of another address": (("127.0.0.2",), {}, "127.0.0.1", "It is for another name"),
    "of an unknown CA": (None, {}, "certificate verify failed", "not signed by a CA of ca_path"),
}


@pytest.mark.parametrize("kind", BAD_CERTIFICATES)
def test_a_bad_certificate_is_refused_before_anything_is_sent(case, listen, authority, monkeypatch, kind):
    names, details, words, remedy = BAD_CERTIFICATES[kind]
    issuer = authority if names else Authority(trustme.CA(), "")
    server = listen(tls(issuer.context(*names or ["127.0.0.1"], **details)))
    # What other programs take as leave not to verify
    monkeypatch.setenv("PYTHONHTTPSVERIFY", "0")
    monkeypatch.setenv("GIT_SSL_NO_VERIFY", "1")
    message = refused(case, host=server.host, ca_path=authority.path, retries=3)
    assert "TLS failed, so nothing was sent: " in message
    assert words in message
    assert remedy in message
    assert "Tried" not in message
    assert server.heard == []
    record(f"certificate {kind}", "refused before anything was sent")


def test_a_good_certificate_is_what_makes_the_difference(case, listen, authority):
    server = listen(tls(authority.context("127.0.0.1")))
    message = refused(case, host=server.host, ca_path=authority.path)
    assert "TLS failed" not in message
    assert server.heard[0].startswith(b"POST /connect/api/v1/access_token HTTP/1.1\r\n")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_older_tls_is_refused(case, listen, authority):
    context = authority.context("127.0.0.1")
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    server = listen(tls(context))
    assert "the TLS connection was closed: " in refused(case, host=server.host, ca_path=authority.path)
    assert server.heard == []
    record("TLS 1.1", "refused before anything was sent")


def test_a_bad_certificate_in_a_playbook(play, listen, authority):
    names, details, words, _remedy = BAD_CERTIFICATES["expired"]
    server = listen(tls(authority.context(*names, **details)))
    run = play([CHANGE], STELLAR_HOST=server.host, STELLAR_CA_PATH=authority.path)
    assert run.returncode == 2
    assert words in run[0].result["msg"]
    assert server.heard == []
    record("certificate expired, by ansible-playbook", "refused before anything was sent")


@pytest.mark.parametrize("variable", CA_VARIABLES)
def test_the_environment_does_not_overrule_ca_path(case, authority, monkeypatch, variable):
    monkeypatch.setenv(variable, authority.path if variable != "SSL_CERT_DIR" else str(Path(authority.path).parent))
    assert case() == [TOKEN, GET, PUT]
    record(f"{variable} names another CA, and ca_path the right one", "connects")


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_without_ca_path_the_environment_of_requests_counts(sim, case, authority, monkeypatch, variable):
    monkeypatch.setenv(variable, sim.ca_path)
    assert case(ca_path=None) == [TOKEN, GET, PUT]
    monkeypatch.setenv(variable, authority.path)
    assert "TLS failed, so nothing was sent" in refused(case, ca_path=None)
    record(f"{variable}, without ca_path", "counts")


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_without_ca_path_what_openssl_reads_does_not_count(sim, case, monkeypatch, variable):
    monkeypatch.setenv(variable, sim.ca_path if variable == "SSL_CERT_FILE" else str(Path(sim.ca_path).parent))
    assert "TLS failed, so nothing was sent" in refused(case, ca_path=None)
    record(f"{variable}, without ca_path", "does not count")


def test_an_environment_that_names_no_file(case, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    assert "/nowhere/ca.pem" in refused(case, ca_path=None, retries=3)
    assert case() == [TOKEN, GET, PUT]


def test_the_environment_in_a_playbook(sim, play, authority):
    other = dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"), authority.path)
    run = play([CHANGE], **other)
    assert run[0].calls == [TOKEN, GET, PUT]
    run = play([CHANGE], REQUESTS_CA_BUNDLE=sim.ca_path, without=("STELLAR_CA_PATH",))
    assert run[0].calls == [TOKEN, GET]
    record("variables for CAs, by ansible-playbook", "as in this process")


def test_ca_path_may_be_a_folder(sim, case, tmp_path):
    hashed = subprocess.run(
        ["openssl", "x509", "-noout", "-hash", "-in", sim.ca_path], capture_output=True, text=True, check=True
    )
    (tmp_path / f"{hashed.stdout.strip()}.0").write_bytes(Path(sim.ca_path).read_bytes())
    assert case(ca_path=str(tmp_path)) == [TOKEN, GET, PUT]
    record("ca_path is a folder", "connects")


def test_a_folder_without_the_ca(case, tmp_path):
    assert "TLS failed, so nothing was sent" in refused(case, ca_path=str(tmp_path))


@pytest.mark.parametrize("kind", ["expired", "wrong-name"])
def test_validate_certs_false_takes_any_certificate(tmp_path, kind):
    with start("--certificate", kind) as other:
        run = run_playbook(other, tmp_path, [CHANGE], "-vvv", STELLAR_VALIDATE_CERTS="false")
    assert run.returncode == 0, run.output
    assert run[0].result["changed"] is True
    assert "InsecureRequestWarning" not in run.output
    record(f"certificate {kind}, validate_certs false, by ansible-playbook", "connects")


def test_validate_certs_false_beats_the_environment(case, authority, monkeypatch):
    for variable in CA_VARIABLES:
        monkeypatch.setenv(variable, authority.path)
    assert case(validate_certs=False, ca_path=None) == [TOKEN, GET, PUT]
    assert case(validate_certs=False, severity="Low") == [TOKEN, GET, PUT]
    record("validate_certs false, with variables for CAs", "connects")


# -- .netrc -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("where", "machine"), [("NETRC", "machine 127.0.0.1"), ("HOME", "default")])
def test_a_netrc_is_not_used(sim, play, tmp_path, where, machine):
    content = f"{machine} login somebody password else\n"
    (tmp_path / ".netrc").write_text(content)
    (tmp_path / ".netrc").chmod(0o600)
    options = {"without": ("STELLAR_USERNAME",), "STELLAR_API_KEY": sim.scoped_key}
    environment = {"NETRC": str(tmp_path / ".netrc")} if where == "NETRC" else {"HOME": str(tmp_path)}
    run = play([CHANGE], **options, **environment)
    assert run[0].calls == [TOKEN, GET, PUT]
    assert {entry["headers"]["authorization"] for entry in run[0].requests} == {"Bearer ***"}
    record(f".netrc ({machine}) by {where}, by ansible-playbook", "not used")


# -- proxies ------------------------------------------------------------------------------------------------------


@dataclass
class Forward:
    """A forward proxy of its own process."""

    port: int
    log: Path

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def with_password(self):
        return f"http://{USER}:{QUOTED}@127.0.0.1:{self.port}"

    def forwarded(self, host):
        """How often it connected to this host since the last time; it writes that down when a connection ends."""
        end = time.monotonic() + 5
        while not (text := self.log.read_text()).count(f"CONNECT {host}") and time.monotonic() < end:
            time.sleep(0.05)
        self.log.write_text("")
        return text.count(f"CONNECT {host}")


@contextlib.contextmanager
def forward(folder, *arguments):
    folder.mkdir(parents=True, exist_ok=True)
    port_file, log = folder / "port", folder / "log"
    log.touch()
    command = [sys.executable, "-m", "proxy", "--hostname", "127.0.0.1", "--port", "0", "--port-file", str(port_file)]
    command += ["--num-workers", "1", "--num-acceptors", "1", "--log-file", str(log), "--data-dir", str(folder)]
    with subprocess.Popen(
        [*command, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            end = time.monotonic() + 60
            while not (port_file.exists() and port_file.read_text().strip()):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.05)
            yield Forward(int(port_file.read_text()), log)
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def proxy(tmp_path_factory):
    with forward(tmp_path_factory.mktemp("proxy")) as running:
        yield running


@pytest.fixture(scope="module")
def guarded_proxy(tmp_path_factory):
    with forward(tmp_path_factory.mktemp("guarded"), "--basic-auth", f"{USER}:{PASSWORD}") as running:
        yield running


DEAD = "http://127.0.0.1:1"


@pytest.mark.parametrize("variable", PROXY_VARIABLES)
def test_a_proxy_of_the_environment(sim, case, proxy, monkeypatch, variable):
    monkeypatch.setenv(variable, proxy.url)
    assert case() == [TOKEN, GET, PUT]
    assert proxy.forwarded(sim.host) == 1
    record(f"{variable}", "goes through it, on one connection")


def test_a_proxy_of_the_option(sim, case, proxy):
    assert case(proxy=proxy.url) == [TOKEN, GET, PUT]
    assert proxy.forwarded(sim.host) == 1
    record("option proxy", "goes through it, on one connection")


@pytest.mark.parametrize("none", [{"NO_PROXY": "*"}, {"NO_PROXY": "127.0.0.1"}, {"no_proxy": "127.0.0.0/8"}, {}])
def test_the_option_beats_the_environment(sim, case, proxy, monkeypatch, none):
    for variable in PROXY_VARIABLES:
        monkeypatch.setenv(variable, DEAD)
    for variable, value in none.items():
        monkeypatch.setenv(variable, value)
    assert case(proxy=proxy.url) == [TOKEN, GET, PUT]
    assert proxy.forwarded(sim.host) == 1
    record(f"option proxy, with other variables and {none or 'no NO_PROXY'}", "goes through the option's")


@pytest.mark.parametrize("variable", NO_PROXY_VARIABLES)
@pytest.mark.parametrize(("value", "straight"), [("127.0.0.1", True), ("10.0.0.0/8,127.0.0.0/8", True), ("*", True),
                                                 ("example.com", False), ("127.0.0.2", False)])  # fmt: skip
def test_no_proxy(case, monkeypatch, variable, value, straight):
    """The proxy is dead, so that what succeeds went straight."""
    monkeypatch.setenv("HTTPS_PROXY", DEAD)
    monkeypatch.setenv(variable, value)
    if straight:
        assert case() == [TOKEN, GET, PUT]
    else:
        assert "did not connect: " in refused(case)
    record(f"{variable}={value}", "goes straight" if straight else "goes through the proxy")


def test_a_proxy_in_a_playbook(sim, play, proxy):
    for environment in ({"HTTPS_PROXY": proxy.url}, {"STELLAR_PROXY": proxy.url, "HTTPS_PROXY": DEAD}):
        run = play([CHANGE], **environment)
        assert run[0].calls[:2] == [TOKEN, GET]
        assert proxy.forwarded(sim.host) == 1
    run = play([CHANGE], HTTPS_PROXY=DEAD, NO_PROXY="127.0.0.1")
    assert run.returncode == 0
    record("HTTPS_PROXY, STELLAR_PROXY and NO_PROXY, by ansible-playbook", "as in this process")


@pytest.mark.parametrize("setting", ["option", "variable"])
def test_a_proxy_that_wants_a_password(sim, case, guarded_proxy, monkeypatch, setting):
    for url, works in ((guarded_proxy.with_password, True), (guarded_proxy.url, False)):
        if setting == "variable":
            monkeypatch.setenv("HTTPS_PROXY", url)
        options = {"proxy": url} if setting == "option" else {}
        if works:
            assert case(**options) == [TOKEN, GET, PUT]
            assert guarded_proxy.forwarded(sim.host) == 1
        else:
            message = refused(case, retries=3, **options)
            assert "did not connect: Tunnel connection failed: 407 Proxy Authentication Required" in message
            assert "Check the user name and the password in the proxy's URL" in message
            assert "Tried" not in message
    record(f"a proxy that wants a password, by {setting}", "connects with it; 407 without, said so and not tried again")


@pytest.mark.parametrize("setting", ["STELLAR_PROXY", "HTTPS_PROXY"])
@pytest.mark.parametrize("right", [True, False])
def test_the_password_of_a_proxy_appears_nowhere(play, guarded_proxy, setting, right):
    url = guarded_proxy.with_password
    wrong = url.replace(USER, "somebody-else")
    run = play([CHANGE], "-vvvv", **{setting: url if right else wrong})
    assert run.returncode == (0 if right else 2), run.output
    if not right:
        assert "failed: 407" in run[0].result["msg"]
    canaries.assert_none(
        [PASSWORD, QUOTED], run.output, str(run[0].result), where=f"a run with a password in {setting}"
    )
    record(
        f"password in {setting}, {'right' if right else 'with a wrong name'}, by ansible-playbook", "appears nowhere"
    )


def connect_then(talk):
    """A proxy that says yes to everything, and then talks itself."""

    def serve(listener, connection):
        asked = connection.recv(65536)
        assert asked.startswith(b"CONNECT ")
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        talk(listener, connection)

    return serve


def wait_for_the_end(listener, connection):
    connection.settimeout(30)
    while connection.recv(65536):
        pass


def drip(text):
    def talk(listener, connection):
        for byte in text:
            time.sleep(0.05)
            connection.sendall(bytes([byte]))

    return talk


HANDSHAKE = b"\x16\x03\x03\x40\x00" + b"\x02" * 1000
BAD_PROXIES = {
    "says nothing": (wait_for_the_end, "in time|timed out"),
    "drips its answer": (drip(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1000), "in time|timed out"),
    "drips headers": (drip(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 90), "in time|timed out"),
    "says yes, then nothing": (connect_then(wait_for_the_end), "in time|timed out"),
    "says yes, then drips TLS": (connect_then(drip(HANDSHAKE)), "in time|timed out"),
    "says yes, then nonsense": (
        connect_then(lambda _self, it: it.sendall(b"nonsense" * 99)),
        "the TLS connection was closed",
    ),
    "says yes, then plain http": (
        connect_then(lambda _self, it: it.sendall(b"HTTP/1.1 200 OK\r\n\r\n")),
        "the TLS connection was closed",
    ),
    "says yes, then hangs up": (
        connect_then(lambda _self, it: None),
        "the TLS connection was closed|no answer|did not connect",
    ),
    "hangs up": (lambda _self, it: it.recv(9999), "did not connect|no answer"),
    "is an SSH server": (lambda _self, it: it.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"), "did not connect|no answer"),
    "sends colours": (lambda _self, it: it.sendall(b"HTTP/1.1 403 \x1b[31mno\x1b[0m\r\n\r\n"), "403"),
    "headers without end": (
        lambda _self, it: [
            it.sendall(b"HTTP/1.1 200 OK\r\n"),
            *(it.sendall(b"X: y\r\n" * 999) for _unused in range(9999)),
        ],
        "in time|timed out|The data before the answer is larger than 16 MiB",
    ),
}


@pytest.mark.parametrize("kind", BAD_PROXIES)
def test_a_proxy_that_is_bad(case, listen, kind):
    talk, words = BAD_PROXIES[kind]
    proxy = listen(talk)
    started = time.monotonic()
    with pytest.raises(StellarError, match=words) as caught:
        case(proxy=f"http://{proxy.host}", timeout=1)
    assert time.monotonic() - started < 5
    assert str(caught.value).isprintable()
    record(f"a proxy that {kind}", "a clear error in time")


def test_a_proxy_that_pretends_to_be_the_platform(case, listen, authority):
    """It has a certificate of the right name, of a CA of its own."""
    proxy = listen(connect_then(tls(authority.context("127.0.0.1"))))
    assert "TLS failed, so nothing was sent" in refused(case, proxy=f"http://{proxy.host}", retries=3)
    assert proxy.heard == []
    record("a proxy that breaks TLS open", "refused before anything was sent")


def to_and_fro(listener, connection):
    """A forward proxy that knows IPv6, which the other one does not."""
    listener.heard.append(connection.recv(65536).partition(b"\r\n")[0].decode())
    host, _colon, port = listener.heard[-1].split()[1].rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port))) as other:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        threading.Thread(target=copy_all, args=(other, connection), daemon=True).start()
        copy_all(connection, other)


def copy_all(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("trusted", [True, False])
def test_a_proxy_that_is_reached_by_tls(sim, case, listen, authority, tmp_path, trusted):
    context = authority.context("127.0.0.1")

    def talk(listener, connection):
        with context.wrap_socket(connection, server_side=True) as wrapped:
            to_and_fro(listener, wrapped)

    proxy = listen(talk)
    both = tmp_path / "both.pem"
    both.write_text(Path(sim.ca_path).read_text() + Path(authority.path).read_text())
    options = {"proxy": f"https://{proxy.host}", "ca_path": str(both) if trusted else sim.ca_path}
    if trusted:
        assert case(**options) == [TOKEN, GET, PUT]
        assert proxy.heard == [f"CONNECT {sim.host} HTTP/1.0"]
    else:
        assert "certificate verify failed" in refused(case, **options)
        assert proxy.heard == []
    record(f"a proxy by TLS, its CA {'in' if trusted else 'not in'} ca_path", "connects" if trusted else "refused")


def test_a_proxy_that_is_not_there(case):
    message = refused(case, proxy=DEAD)
    assert "the proxy 127.0.0.1:1 did not connect: " in message
    assert "Check proxy, HTTPS_PROXY and NO_PROXY." in message


def test_a_proxy_that_cannot_reach_the_platform(case, proxy):
    message = refused(case, proxy=proxy.url, host="127.0.0.1:1")
    assert "did not connect: " in message or "no answer" in message


# -- hosts ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sixth():
    """A simulator at ::1."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"this machine has no ::1: {error}")
    with start("--host", "::1") as running:
        yield running


@pytest.mark.parametrize("spelling", ["[::1]:{port}", "https://[::1]:{port}", "https://[0:0:0:0:0:0:0:1]:{port}/"])
def test_an_ipv6_host(sixth, spelling):
    sixth.clear_requests()
    port = sixth.host.rpartition(":")[2]
    given = parameters(CASE_OPTIONS, sixth, case_id=CASE, severity="High", host=spelling.format(port=port))
    case_module.run_case(given, False, lambda secret: None)
    assert calls(sixth.requests())[:2] == [TOKEN, GET]
    record(f"host {spelling.format(port='PORT')}", "connects")


def test_an_ipv6_host_through_a_proxy(sixth, listen):
    proxy = listen(to_and_fro)
    given = parameters(CASE_OPTIONS, sixth, case_id=CASE, severity="Low", proxy=f"http://{proxy.host}")
    case_module.run_case(given, False, lambda secret: None)
    assert sixth.case(CASE)["severity"] == "Low"
    assert proxy.heard == [f"CONNECT {sixth.host} HTTP/1.0"]
    record("host [::1]:PORT through a proxy", "connects")


def test_an_ipv6_host_in_a_playbook(sixth, tmp_path):
    run = run_playbook(sixth, tmp_path, [CHANGE, CHANGE])
    assert run.returncode == 0, run.output
    assert run[1].result["changed"] is False
    record("host [::1]:PORT, by ansible-playbook", "connects")


@pytest.mark.parametrize(
    "spelling", ["127.0.0.1:{port}", "https://127.0.0.1:{port}", "HTTPS://127.0.0.1:{port}/", " localhost:{port} ",
                 "LOCALHOST:{port}", "https://localhost:{port}//"]
)  # fmt: skip
def test_spellings_of_a_host(sim, case, spelling):
    assert case(host=spelling.format(port=sim.host.rpartition(":")[2])) == [TOKEN, GET, PUT]
    record(f"host {spelling.format(port='PORT')}", "connects")


@pytest.mark.parametrize(
    "host", ["münchen.example", "пример.example", "a b", "a..b", "[::1", "::1", "-", "a:b", "x" * 64]
)
def test_hosts_that_are_none(case, host):
    with pytest.raises((InputError, TransportError)) as caught:
        case(host=host)
    assert str(caught.value).startswith("host ") or "no answer: Failed to resolve" in str(caught.value)
    record(f"host {host[:20]}", "a clear error")
