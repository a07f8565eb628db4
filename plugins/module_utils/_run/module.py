# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module's main(): an AnsibleModule, the function of case.py or cases.py, and its result or failure."""

from __future__ import annotations

from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule

from .._argspec.connection import CONNECTION, Environment, module_arguments, option_value
from .._errors import OptionError, StellarError


def as_it_is(error: StellarError) -> StellarError:
    return error


def run_module(
    options: dict[str, Any],
    run: Callable[..., dict[str, Any]],
    explained: Callable[[StellarError], StellarError] = as_it_is,
) -> None:
    """Run a function for a module with these options, and leave by exit_json() or fail_json().

    explained: gives an error, also one before the function, the module's own form.
    """
    environment = Environment()
    module = AnsibleModule(supports_check_mode=True, **module_arguments(options, environment))
    given = {
        option: "the task, module_defaults or a variable"
        for option in CONNECTION
        if module.params[option] is not None and option not in environment.sources
    }
    sources = {**given, **environment.sources}
    try:
        # The action has done so, but a module may run without its action.
        for option, source in given.items():
            option_value(option, module.params[option], source)
        environment.check()
        result = run(module.params, check_mode=module.check_mode, on_secret=_censor_of(module))
    except StellarError as error:
        leave, result = module.fail_json, explained(with_source(error, sources)).to_result()
    else:
        leave = module.exit_json
    for warning in warnings_of(result, module.params):
        module.warn(warning)
    leave(**result)


def warnings_of(result: dict[str, Any], params: dict[str, Any]) -> list[str]:
    """Take the warnings out of a result, and add that about TLS. Ansible shows the same words once in a run."""
    warnings: list[str] = result.pop("warnings", [])
    if params["validate_certs"] is False and "platform" in result:
        insecure = (
            f"validate_certs is false: the TLS certificate of {result['platform']} is not verified, so whoever answers "
            "in its place gets the key and can change the cases. Set ca_path to the file of its CA instead."
        )
        return [insecure, *warnings]
    return warnings


def with_source(error: StellarError, sources: dict[str, str]) -> StellarError:
    """Return the error, and if it is about an option's value, one that says where that came from."""
    if isinstance(error, OptionError) and error.option in sources:
        return error.given_by(sources[error.option])
    return error


def _censor_of(module: AnsibleModule) -> Callable[[str], Any]:
    """Return what has a secret hidden wherever the module's result shows it."""
    try:
        from ansible.module_utils.secrets import register_secret
    except ImportError:  # ansible-core before 2.22
        return module.no_log_values.add  # type: ignore[no-any-return]
    return register_secret  # type: ignore[no-any-return]
