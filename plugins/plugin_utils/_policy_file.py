# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file of a policy, read as data: nothing in it is evaluated, and every mistake has its line.

What a rule may hold is checked by the module that runs it; roles/case_hygiene/files/policy.schema.json tells editors.
"""

from __future__ import annotations

import re
from typing import Any, Iterator

import yaml

from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError, printable

# Beside rules, all keys are texts.
KEYS = ("rules", "title", "description")

_BOOL, _TIMESTAMP = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"


class _Loader(yaml.SafeLoader):
    """YAML as editors know it since version 1.2: a tag may be called no or on, and a date is text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in (_BOOL, _TIMESTAMP)]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOL, re.compile(r"(true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def _text(loader: _Loader, node: yaml.ScalarNode) -> str:
    """A text. JSON writes a character beyond U+FFFF as two halves, which YAML leaves apart, and a half is no text."""
    text: str = loader.construct_scalar(node)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


_Loader.add_constructor("tag:yaml.org,2002:str", _text)


def read_policy(path: str) -> dict[str, Any]:
    """The policy in a file. Raises InputError."""
    what = f"Policy {printable(path)}"
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise InputError(
            what,
            f"can't be read: {error.strerror}.",
            "A relative path begins where ansible-playbook was started.",
        ) from None
    try:
        loader = _Loader(content)
        node = loader.get_single_node()
        for line, problem in _problems(node):
            raise InputError(what, f"line {line}: {problem}.", "See docs/policy.md for its form.")
        policy: dict[str, Any] = loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise InputError(what, f"{where}{printable(error.problem)}.", "Correct the YAML.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(what, f"is no YAML: {printable(error)}.", "Give a text file in UTF-8.") from None
    return policy


def _problems(node: yaml.Node | None) -> Iterator[tuple[int, str]]:
    """What is wrong with the file, whatever rules may hold, each with its line."""
    if not isinstance(node, yaml.MappingNode):
        found = "is empty" if node is None else "does not begin with keys"
        yield 1, f"the file {found}. The rules stand below a key rules"
        return
    yield from _faults(node, (), set())
    values = {key.value: (key.start_mark.line + 1, value) for key, value in node.value}
    for name, (line, value) in values.items():
        if name not in KEYS:
            yield line, f"the key {printable(name, 60)!r} is unknown. Known here are {', '.join(KEYS)}"
        elif name == "rules" and not isinstance(value, yaml.SequenceNode):
            yield line, "rules is no list"
        elif name != "rules" and not isinstance(value, yaml.ScalarNode):
            yield line, f"{name} is no text"
    if "rules" not in values:
        yield 1, "there is no key rules"


def _faults(node: yaml.Node, above: tuple[int, ...], done: set[int]) -> Iterator[tuple[int, str]]:
    """What YAML allows and no policy means, in a node and below it. above, done: ids of nodes, met again by aliases."""
    if id(node) in above:
        yield node.start_mark.line + 1, "an anchor holds itself"
    if id(node) in done:
        return
    done.add(id(node))
    above = (*above, id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _faults(item, above, done)
    elif isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                yield line, "a key is no text"
            elif key.value in names:
                # The first would be dropped without a word, and a condition of a rule with it.
                yield line, f"the key {printable(key.value, 60)!r} is there twice"
            else:
                names.add(key.value)
            yield from _faults(value, above, done)
