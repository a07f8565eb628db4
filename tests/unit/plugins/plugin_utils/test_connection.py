# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection options of a call: what counts, where it came from, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from ansible.errors import AnsibleError, AnsibleUndefinedVariable
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE_INFO, CASE_INFO_LIMITS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.connection import CONNECTION, option_value
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError, OptionError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._http.connection import is_same_platform, platform_name
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils import _connection
from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._connection import Call, arguments_of, edits, validated

CALL = Call("the test", CASE_INFO, CASE_INFO_LIMITS, "the task")


def of(given=None, variables=None, template=lambda value: value):
    return arguments_of(CALL, given or {}, variables or {}, template)


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("tenant", " Acme ", "Acme"),
        ("host", "xdr.example.com:8443", "xdr.example.com:8443"),
        ("validate_certs", "no", False),
        ("validate_certs", "TRUE", True),
        ("validate_certs", 1, True),
        ("timeout", "2.5", 2.5),
        ("retries", "3", 3),
        ("retries", 3.0, 3),
        ("proxy", "", None),
        ("timeout", None, None),
        ("retry_budget", "  ", None),
        ("auth_method", "", None),
    ],
)
def test_values(option, value, expected):
    found = option_value(option, value, "the task")
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("tenant", "", "is empty"),
        ("tenant", "\t", "contains only spaces"),
        ("tenant", None, "has no value"),
        ("tenant", True, "must be a string, got 'True'. Put it in quotes."),
        ("tenant", 12, "must be a string, got '12'. Put it in quotes."),
        ("tenant", ["a"], "must be a string"),
        ("validate_certs", "", "is empty"),
        ("validate_certs", "ture", "must be true or false, got 'ture'"),
        ("validate_certs", 2, "must be true or false"),
        ("api_key", {"a": "canary"}, "must be a string, got another type"),
        ("api_key", "", "is empty"),
        ("ca_path", " ", "contains only spaces"),
        ("username", "", "is empty"),
        ("auth_method", "basik", "must be one of auto, basic, bearer, got 'basik'"),
        ("timeout", "soon", "must be a number, got 'soon'. Give one from 1 to 3600."),
        ("timeout", True, "must be a number"),
        ("timeout", "nan", "must be a number"),
        ("timeout", 0, "must be from 1 to 3600, got 0."),
        ("retries", 1.5, "must be a whole number"),
        ("retries", "1e3", "must be from 0 to 100, got 1000."),
        ("host", "my server", "is not a valid host name"),
        ("proxy", "proxy.example.com", "is not a valid proxy URL"),
    ],
)
def test_what_is_refused(option, value, said):
    with pytest.raises(OptionError) as caught:
        option_value(option, value, "the variable x")
    assert str(caught.value).startswith(f"{option}, from the variable x, ")
    assert said in str(caught.value)
    assert "canary" not in str(caught.value)
    assert caught.value.to_result()["error"]["type"] == "InputError"


def test_the_order_of_sources():
    variables = {"stellar_host": "variable.example.com", "stellar_timeout": 7, "stellar_tenant": "Acme"}
    arguments, sources = of({"host": "task.example.com", "timeout": "", "tags": ["a"]}, variables)
    assert arguments == {"host": "task.example.com", "timeout": 7, "tenant": "Acme", "tags": ["a"]}
    assert sources == {
        "host": "the task",
        "timeout": "the variable stellar_timeout",
        "tenant": "the variable stellar_tenant",
    }


def test_a_variable_is_evaluated_only_where_it_counts():
    def template(value):
        raise AssertionError(value)

    assert of({"tenant": "Acme"}, {"stellar_tenant": "{{ never }}"}, template)[0] == {"tenant": "Acme"}


@pytest.mark.parametrize(
    ("option", "error", "said"),
    [
        ("tenant", AnsibleUndefinedVariable("'x' is undefined"), "can't be evaluated: 'x' is undefined"),
        ("tenant", AnsibleError("no filter named 'canary'"), "no filter named 'canary'"),
        ("api_key", AnsibleUndefinedVariable("'vault_key' is undefined"), "'vault_key' is undefined"),
        ("api_key", AnsibleUndefinedVariable("'dict object' has no attribute 'sesame'"), "not shown"),
        ("access_token", AnsibleError("no filter: sesame"), "not shown"),
        ("proxy", AnsibleError("http://me:sesame@proxy"), "not shown"),
    ],
)
def test_a_template_that_fails(option, error, said):
    def template(_value):
        raise error

    with pytest.raises(OptionError) as caught:
        of({}, {f"stellar_{option}": "{{ x }}"}, template)
    assert f"{option}, from the variable stellar_{option}, " in str(caught.value)
    assert said in str(caught.value)
    assert "sesame" not in str(caught.value)


def test_omit_is_no_value_of_a_variable():
    variables = {"omit": "__omit__", "stellar_tenant": "__omit__"}
    with pytest.raises(OptionError, match="is Ansible's omit"):
        of({}, variables)


@pytest.mark.parametrize(
    ("variables", "given", "meant"),
    [
        ({"stellar_tenent": 1}, {}, "stellar_tenant"),
        ({"stellar_tennt": 1}, {}, "stellar_tenant"),
        ({"stellar_hst": 1}, {}, "stellar_host"),
        ({"stellar_tenent": 1}, {"tenant": "Acme"}, None),
        ({"stellar_tenent": 1, "stellar_tenant": "Acme"}, {}, None),
        ({"stellar_tenants": 1}, {}, None),
        ({"steller_tenant": 1}, {}, "stellar_tenant"),
        ({"STELLAR_TENANT": 1}, {}, "stellar_tenant"),
        ({"stellar-tenant": 1}, {}, "stellar_tenant"),
        ({"stelar_tennant": 1}, {}, None),
        ({"stellar_hosts": 1}, {}, None),
        ({"stellar_ht": 1}, {}, None),
        ({"other_tenent": 1}, {}, None),
        ({"stellar_" + "x" * 40: 1}, {}, None),
    ],
)
def test_names_that_are_nearly_right(variables, given, meant):
    if meant is None:
        of(given, variables)
        return
    with pytest.raises(InputError, match=f"nearly the name of {meant}, which is not set"):
        of(given, variables)


@pytest.mark.parametrize(
    ("extra", "variables", "refused"),
    [
        ({"tenant": "x"}, {"stellar__playbook": "stellarcyber.xdr.undo"}, "tenant"),
        ({"api_key": "x"}, {"stellar__playbook": "stellarcyber.xdr.undo"}, "api_key"),
        ({"tenant": "x"}, {"stellar__playbook": "stellarcyber.xdr.undo", "stellar_tenant": "x"}, None),
        ({"tenant": "x"}, {}, None),
        ({"timeout": "x"}, {"stellar__playbook": "stellarcyber.xdr.undo"}, None),
        ({"ca_path": "x"}, {"stellar__playbook": "stellarcyber.xdr.undo"}, "ca_path"),
    ],
)
def test_extra_variables_of_the_playbooks(monkeypatch, extra, variables, refused):
    monkeypatch.setattr(_connection, "load_extra_vars", lambda loader: extra)
    if refused is None:
        of({}, variables)
        return
    with pytest.raises(InputError, match=f"The variable {refused}: was given by -e.* Give stellar_{refused} instead"):
        of({}, variables)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"colour": "red"}, "Unsupported parameters for the test: colour. Supported are access_token"),
        ({"tags": None}, "tags has no value"),
        ({"assignee": [None]}, "assignee must be a list of strings; got the item"),
        ({"created_after": ["1d"]}, "created_after must be a string"),
    ],
)
def test_other_options(given, said):
    with pytest.raises(InputError, match=said):
        of(given)


def test_the_environment_comes_last_and_says_so(monkeypatch):
    monkeypatch.setenv("STELLAR_TENANT", "Acme")
    monkeypatch.setenv("STELLAR_TIMEOUT", "")
    monkeypatch.setenv("STELLAR_RETRIES", " ")
    params, sources = validated(CALL, {"host": "xdr.example.com"})
    assert (params["host"], params["tenant"], params["timeout"], params["retries"]) == (
        "xdr.example.com",
        "Acme",
        None,
        4,
    )
    assert sources == {"tenant": "the environment variable STELLAR_TENANT"}


def test_a_bad_environment_variable_matters_only_where_it_counts(monkeypatch):
    monkeypatch.setenv("STELLAR_VALIDATE_CERTS", "ture")
    validated(CALL, {"validate_certs": True})
    with pytest.raises(OptionError, match="from the environment variable STELLAR_VALIDATE_CERTS, must be true or"):
        validated(CALL, {})


@given(st.sampled_from(sorted(CONNECTION)), st.sampled_from(sorted(CONNECTION)))
def test_no_option_is_a_slip_of_another(one, other):
    """Else one of them could not be given by variable."""
    assert one == other or edits(one, other) > 1


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_edits_are_a_distance(one, other):
    pair = edits(one, other)
    assert pair <= max(len(one), len(other))
    assert pair == edits(*reversed((one, other)))
    assert (edits(one, other) == 0) is (one == other)
    assert edits(one, other) >= abs(len(one) - len(other))


@pytest.mark.parametrize(
    ("one", "other", "number"),
    [
        ("host", "host", 0),
        ("host", "hots", 1),
        ("host", "hst", 1),
        ("host", "ghost", 1),
        ("host", "most", 1),
        ("", "a", 1),
    ],
)
def test_edits(one, other, number):
    assert edits(one, other) == number


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://xdr.example.com", "xdr.example.com"),
        ("https://XDR.example.com:443", "xdr.example.com"),
        ("xdr.example.com.", "xdr.example.com"),
        ("https://xdr.example.com:8443", "xdr.example.com:8443"),
        ("http://127.0.0.1", "127.0.0.1:80"),
        ("https://[2001:db8::1]:8443", "[2001:db8::1]:8443"),
    ],
)
def test_names_of_platforms(url, name):
    assert platform_name(url) == name


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("xdr.example.com", "https://XDR.example.com:443/", True),
        ("xdr.example.com", "xdr.example.com:8443", False),
        ("xdr.example.com", "xdr.example.org", False),
        ("xdr.example.com", "", False),
        ("[::1", "[::1", False),
    ],
)
def test_the_same_platform(one, other, same):
    assert is_same_platform(one, other) is same


class Vaulted(Sequence):
    """What ansible-core 2.18 makes of !vault: a sequence that is no string, and becomes one by str()."""

    def __getitem__(self, number):
        return str(self)[number]

    def __len__(self):
        return len(str(self))

    def __str__(self):
        return "decrypted"


def test_a_vaulted_value_of_ansible_core_2_18_is_text():
    assert of({"api_key": Vaulted()}, {"stellar_tenant": Vaulted()})[0] == {
        "api_key": "decrypted",
        "tenant": "decrypted",
    }
