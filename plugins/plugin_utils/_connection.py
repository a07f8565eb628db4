# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection options of a task or a lookup on the controller: its own, and the variables stellar_*.

The environment comes after them, where the function runs (Environment in _argspec/connection.py), since a module may
run elsewhere.
"""

from __future__ import annotations

import contextlib
import re
from difflib import get_close_matches
from typing import Any, Callable, Collection, Iterator, Mapping, NamedTuple, Sequence

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.validation import check_type_dict
from ansible.parsing.dataloader import DataLoader
from ansible.utils.vars import load_extra_vars
from jinja2 import Undefined

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.connection import (
    CONNECTION,
    PROTECTS,
    VARIABLE_PREFIX,
    Environment,
    module_arguments,
    option_value,
    variable_name,
)
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.shapes import shaped
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError, OptionError, printable
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.plain import plain

# A play variable of the collection's playbooks, with the playbook's name. A variable for them that has the name of an
# option is a mistake for the option's own variable.
PLAYBOOK = "stellar__playbook"
# The variables of these playbooks, beside those of the connection and of the role. One with nearly such a name would
# be ignored, and with it a limit.
_VARIABLES = {
    "stellarcyber.xdr.hygiene": ("hygiene_hosts",),
    "stellarcyber.xdr.hygiene_merge": (
        "merge_reports",
        "merge_report_dir",
        "merge_report_formats",
        "merge_title",
        "merge_max_age",
    ),
    "stellarcyber.xdr.undo": ("undo_file", "undo_only", "undo_fail_on", "undo_allow_other_platform", "undo_max_diff"),
    "stellarcyber.xdr.contract": ("contract_dir",),
}

_OMITTED = "is Ansible's omit, which works only in the options of a task"
_LEAVE_OUT = "To leave the option out, remove it there."
_UNDEFINED_NAME = re.compile(r"'[A-Za-z_][A-Za-z0-9_]*' is undefined")


class Call(NamedTuple):
    """A call of a module or plugin.

    name: for messages. options: its table. limits: which of them limit or protect, beside those of the connection.
    source: the place of its options, for messages.
    """

    name: str
    options: dict[str, Any]
    limits: Collection[str]
    source: str


def arguments_of(
    call: Call,
    given: Mapping[str, Any],
    variables: Mapping[str, Any],
    template: Callable[[Any], Any],
    on_secret: Callable[[str], Any] = lambda secret: None,
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the options of a call with the connection filled in, and the source of each connection option.

    given: what the task (with module_defaults) or the lookup gives. variables: of the host; template evaluates one. An
    option that has no value is left out. on_secret: gets each secret before any check, so that no
    error shows it. Raises InputError.
    """
    values, sources = _connection_of(call, given, variables, template, on_secret)
    spec = call.options["argument_spec"]
    unknown = sorted(str(name) for name in given if name not in spec and name not in CONNECTION)
    if unknown:
        known = ", ".join(sorted({**spec, **CONNECTION}))
        what = f"Unsupported parameters for {call.name}"
        raise InputError(what, f"{printable(', '.join(unknown))}.", f"Supported are {known}.")
    for option in call.limits:
        if option in given and (given[option] is None or (given[option] == "" and spec[option]["type"] != "list")):
            raise OptionError(option, "has no value", "Give one, or leave the option out.")
    own = shaped({name: _dictionary(spec[name], plain(given[name])) for name in spec if name in given}, call.options)
    _reject_mistyped(variables, sources)
    return {**own, **values}, sources


def _connection_of(
    call: Call,
    given: Mapping[str, Any],
    variables: Mapping[str, Any],
    template: Callable[[Any], Any],
    on_secret: Callable[[str], Any],
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the connection options that the call or a variable gives, and their sources. Secrets come first."""
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for option in sorted(CONNECTION, key=lambda option: not CONNECTION[option].get("no_log")):
        for source, value in _given(call, option, given, variables, template):
            text = _decrypted(value)
            if CONNECTION[option].get("no_log") and isinstance(text, str) and text.strip():
                on_secret(str.__str__(text))
            used = _value(option, value, variables, source)
            if used is not None:
                values[option], sources[option] = used, source
                break
    return values, sources


def _given(
    call: Call,
    option: str,
    given: Mapping[str, Any],
    variables: Mapping[str, Any],
    template: Callable[[Any], Any],
) -> Iterator[tuple[str, Any]]:
    """Yield each source that has the option, and its value there. A variable is evaluated only when it is asked for."""
    if option in given:
        yield call.source, given[option]
    if variable_name(option) in variables:
        yield f"the variable {variable_name(option)}", _variable(option, variables, template)


def _dictionary(spec: Mapping[str, Any], value: Any) -> Any:
    """Return the dictionary of a string, as ansible -a 'tags={"add": ["vip"]}' gives it; other values unchanged."""
    if "options" in spec and isinstance(value, str):
        with contextlib.suppress(TypeError):
            return plain(check_type_dict(value))
    return value


def _variable(option: str, variables: Mapping[str, Any], template: Callable[[Any], Any]) -> Any:
    """Return the value of an option's variable, evaluated. Raises OptionError."""
    name = variable_name(option)
    return evaluated(option, variables[name], template, f"the variable {name}")


def evaluated(option: str, value: Any, template: Callable[[Any], Any], source: str) -> Any:
    """Return a value that may be a template or vaulted, evaluated. Raises OptionError."""
    try:
        return _decrypted(template(value))
    except Exception as error:  # with ansible-core 2.18 any, as a filter raised it
        if _is_of_vault(error):
            why, remedy = "can't be decrypted", "Check --vault-password-file, --ask-vault-pass or --vault-id."
        else:
            why, remedy = f"can't be evaluated: {_reason(option, error)}", f"Define what it refers to. {_LEAVE_OUT}"
        raise OptionError(option, why, remedy, source) from None


def _value(option: str, value: Any, variables: Mapping[str, Any], source: str) -> Any:
    # From ansible-core 2.19 on it is an error of Ansible's in a variable, and an object in a lookup.
    if isinstance(value, str) and value == variables.get("omit"):
        raise OptionError(option, _OMITTED, _LEAVE_OUT, source)
    if isinstance(value, Undefined):  # of a lookup, with ansible-core 2.18
        raise OptionError(option, "is undefined", f"Define what it refers to. {_LEAVE_OUT}", source)
    return option_value(option, _decrypted(value), source)


def _decrypted(value: Any) -> Any:
    """Return a vaulted value of ansible-core 2.18, which is a sequence and no string, as text."""
    return str(value) if isinstance(value, Sequence) and not isinstance(value, (str, list, tuple)) else value


def _is_of_vault(error: BaseException | None) -> bool:
    # By its name: the class in ansible-core 2.19 and later is not public.
    while error is not None and "Vault" not in type(error).__name__:
        error = error.__cause__
    return error is not None


def _reason(option: str, error: Exception) -> str:
    """Return why a template failed. Ansible's message may quote values: for a secret, only the name is returned."""
    text = " ".join(str(error).split())
    if CONNECTION.get(option, {}).get("no_log"):
        found = _UNDEFINED_NAME.search(text)
        return found[0] if found else "its template failed (the reason is not shown, since it may contain a secret)"
    return printable(text.rstrip("."))


def validated(call: Call, arguments: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the parameters that AnsibleModule would make of the arguments, and the sources in the environment.

    Raises InputError, and AnsibleError with the message of AnsibleModule.
    """
    environment = Environment()
    checked = ArgumentSpecValidator(**module_arguments(call.options, environment)).validate(arguments)
    if checked.error_messages:
        raise AnsibleError(printable(checked.error_messages[0], 1000))
    environment.check()
    return checked.validated_parameters, environment.sources


# -- mistyped names of variables -------------------------------------------------------------------------


def _reject_mistyped(variables: Mapping[str, Any], sources: Mapping[str, str]) -> None:
    """Raise InputError for a variable with nearly the name of a connection variable that is not set."""
    for name in variables:
        # The rest of the prefix may be mistyped as well.
        if isinstance(name, str) and name[:4].lower() == VARIABLE_PREFIX[:4]:
            option = _intended_option(name)
            if option and option not in sources:
                raise InputError(
                    f"The variable {printable(name, 60)}",
                    f"is unknown, and nearly the name of {variable_name(option)}, which is not set.",
                    f"Correct its name, or set {variable_name(option)} as well.",
                )
    # Ansible keeps the variables of the command line from its start, so no file is read here.
    extra = load_extra_vars(DataLoader())
    rest = extra.get("_raw_params")
    if rest and (PLAYBOOK in variables or any(VARIABLE_PREFIX in str(word) for word in (rest, *extra))):
        raise InputError(
            "The variables given by -e",
            f"could not be read as name=value: {printable(rest, 60)!r} is left over.",
            """Quote a value with a space twice, as in -e "stellar_tenant='Example Tenant'".""",
        )
    reject_without_prefix(VARIABLE_PREFIX, {name: name for name in PROTECTS if name not in sources}, variables)
    reject_unknown(variables)


def reject_unknown(variables: Mapping[str, Any]) -> None:
    """Raise InputError in a playbook of the collection, if -e gave one with nearly the name of its own."""
    known = _VARIABLES.get(variables.get(PLAYBOOK, ""), ())
    for name in load_extra_vars(DataLoader()) if known else ():
        # One that begins with merge_ is for this playbook, which has no use for a user's own variables.
        is_own = str(name).startswith("merge_") and known[0].startswith("merge_")
        nearest = get_close_matches(str(name), known, 1, 0.0 if is_own else 0.8)
        if nearest and name not in known:
            raise InputError(
                f"The variable {printable(name, 60)}",
                f"was given by -e, and the playbook {variables[PLAYBOOK]} does not read it.",
                f"Did you mean {nearest[0]}?",
            )


def reject_without_prefix(prefix: str, names: Mapping[str, str], variables: Mapping[str, Any]) -> None:
    """Raise InputError in a playbook of the collection, if -e gave a variable without its prefix, or without all of it.

    names: of options as a user may spell them without the prefix, and as they are.
    """
    if PLAYBOOK not in variables:
        return
    extra = load_extra_vars(DataLoader())
    words = prefix.split("_")[1:]
    for spelling, option in names.items():
        for name in ("_".join([*words[number:-1], spelling]) for number in range(len(words))):
            if name in extra and prefix + option not in extra:
                raise InputError(
                    f"The variable {name}",
                    f"was given by -e, and the playbook {variables[PLAYBOOK]} does not read it.",
                    f"Give {prefix}{option} instead.",
                )


def _intended_option(name: str) -> str:
    """Return the option whose variable name was mistyped, or ''. A plural is a different name."""
    read = {variable_name(option): option for option in CONNECTION}
    if name in read or any(name == right + "s" for right in read):
        return ""
    typed = name.lower().replace("-", "_")
    for right, option in read.items():
        # A mistyped tenant has the worst effect: a run on all tenants.
        most = 2 if option == "tenant" and typed.startswith(VARIABLE_PREFIX) else 1
        if abs(len(typed) - len(right)) <= most and edits(typed, right) <= most:
            return option
    return ""


def edits(one: str, other: str) -> int:
    """Return the edit distance: letters inserted, left out, replaced, or two neighbours swapped."""
    rows = [list(range(len(other) + 1))]
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, wanted in enumerate(other, 1):
            cost = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, rows[-2][j - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]
