# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The policy file, read as data: nothing in it is evaluated, and every error has its line.

The module that runs a rule checks its content. Editors use roles/case_hygiene/files/policy.schema.json.
"""

from __future__ import annotations

from typing import Any, Callable, Iterator

import yaml
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import AnsibleVaultError

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError, printable
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.files import read_file

# The value of each key but rules is a string.
KEYS = ("rules", "title", "description")

VAULT_HEADER = b"$ANSIBLE_VAULT"
GIVE_PASSWORD = "Give the password by --vault-password-file, --ask-vault-pass or --vault-id."

_YAML = "tag:yaml.org,2002:"
_NULL, _MERGE = _YAML + "null", _YAML + "merge"


class _Loader(yaml.SafeLoader):
    """YAML whose scalars are null or the text in the file.

    So 0123, 1.10, no and 2026-01-02 are tags as they are written. The check of each option converts a text to a number
    or a boolean.
    """


_KEPT = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag in (_NULL, _MERGE)]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.yaml_implicit_resolvers = {first: resolvers for first, resolvers in _KEPT.items() if resolvers}


def _text(loader: _Loader, node: yaml.ScalarNode) -> str:
    """Return a scalar as text. JSON writes a character beyond U+FFFF as two surrogates, which YAML does not join."""
    text: str = loader.construct_scalar(node)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


# A policy can't use other YAML types, such as !!binary and !!set.
_Loader.yaml_constructors = {
    tag: constructor
    for tag, constructor in yaml.SafeLoader.yaml_constructors.items()
    if tag in (None, _NULL, _YAML + "seq", _YAML + "map")
}
for _name in ("str", "int", "float", "bool", "timestamp", "merge"):
    # Also !!int 0123, and << as a value
    _Loader.add_constructor(_YAML + _name, _text)


def read_policy(path: str, decrypt: Callable[[str], bytes] | None = None) -> dict[str, Any]:
    """Return the policy in a file. Raises InputError.

    decrypt: returns the content of a file that is encrypted with ansible-vault, by its path; raises InputError. No
    message quotes that content.
    """
    what = f"Policy {printable(path)}"
    content = _content(path, what)
    is_secret = content.startswith(VAULT_HEADER)
    if is_secret:
        if decrypt is None:
            raise InputError(what, "is encrypted with ansible-vault.", GIVE_PASSWORD)
        content = decrypt(path)
    try:
        loader = _Loader(content)
        node = loader.get_single_node()
        for line, problem in _errors(node, is_secret):
            raise InputError(what, f"line {line}: {problem}.", "See docs/policy.md for its format.")
        policy: dict[str, Any] = loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        problem = "the YAML is not valid" if is_secret else printable(error.problem)
        raise InputError(what, f"{where}{problem}.", "Correct the YAML.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = "is not valid YAML" if is_secret else f"is not valid YAML: {printable(error)}"
        raise InputError(what, f"{problem}.", "Give a text file in UTF-8.") from None
    return policy


def _content(path: str, what: str) -> bytes:
    try:
        return read_file(path)
    except OSError as error:
        raise InputError(
            what,
            f"can't be read: {error.strerror}.",
            "A relative path starts in the working directory of ansible-playbook.",
        ) from None


def _errors(node: yaml.Node | None, is_secret: bool) -> Iterator[tuple[int, str]]:
    """Yield each error of the file, outside of the rules' options, with its line. is_secret: quote nothing of it."""
    if not isinstance(node, yaml.MappingNode):
        found = "is empty" if node is None else "must be a dictionary"
        yield 1, f"the file {found}. Put the rules under the key rules"
        return
    yield from _structure_errors(node, (), set(), is_secret)
    values = {key.value: (key.start_mark.line + 1, value) for key, value in node.value}
    for name, (line, value) in values.items():
        if name not in KEYS:
            yield line, f"{_key_name(name, is_secret)} is unknown; valid keys are {', '.join(KEYS)}"
        elif name == "rules" and not isinstance(value, yaml.SequenceNode):
            yield line, "rules must be a list"
        elif name != "rules" and not isinstance(value, yaml.ScalarNode):
            yield line, f"{name} must be a string"
    if "rules" not in values:
        yield 1, "the key rules is required"


def _key_name(key: str, is_secret: bool) -> str:
    return "a key" if is_secret else f"the key {printable(key, 60)!r}"


def _structure_errors(
    node: yaml.Node, above: tuple[int, ...], done: set[int], is_secret: bool
) -> Iterator[tuple[int, str]]:
    """Yield what YAML allows and a policy does not, in a node and below it.

    above, done: ids of nodes, which aliases repeat.
    """
    if id(node) in above:
        yield node.start_mark.line + 1, "an anchor refers to itself"
    if id(node) in done:
        return
    done.add(id(node))
    above = (*above, id(node))
    if node.tag == "!vault":
        yield (
            node.start_mark.line + 1,
            "a single encrypted value (!vault) is not supported; encrypt the whole file",
        )
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _structure_errors(item, above, done, is_secret)
    elif isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                yield line, "a key must be a string"
            elif key.value in names:
                # YAML would drop the first without a warning, and so a condition of a rule.
                yield line, f"{_key_name(key.value, is_secret)} is given twice"
            else:
                names.add(key.value)
            yield from _structure_errors(value, above, done, is_secret)


def decrypted(loader: DataLoader, path: str) -> bytes:
    """Return the content of a file that is encrypted with ansible-vault. Raises InputError.

    Does not quote Ansible's errors: some name the temporary file.
    """
    what, file_path = f"Policy {printable(path)}", None
    try:
        # The only public API to the vault secrets of the run is a temporary file, which only its user can read.
        file_path = loader.get_real_file(path)
        with open(file_path, "rb") as file:
            return file.read()
    except AnsibleVaultError:
        why = "is encrypted with ansible-vault, and no vault password of this run decrypts it."
        raise InputError(what, why, GIVE_PASSWORD) from None
    except AnsibleParserError as error:
        cause = error.__cause__ or getattr(error, "orig_exc", None)
        if isinstance(cause, OSError):
            raise InputError(
                what, f"can't be decrypted: {cause.strerror}.", "Free space for the decrypted file."
            ) from None
        why = "is encrypted with ansible-vault, and this run has no vault password."
        raise InputError(what, why, GIVE_PASSWORD) from None
    except (AnsibleError, OSError):
        raise InputError(
            what,
            "is encrypted with ansible-vault, and can't be decrypted.",
            "Run ansible-vault view to see why: the file is damaged, or the library cryptography is not installed.",
        ) from None
    finally:
        if file_path is not None:
            loader.cleanup_tmp_file(file_path)
