# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a connection option's value may look like, wherever it is given, and what is to come of it: one table.

Each cell is a task whose name says what it is about; a suite runs them where it has to, and judges each by verdict().
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.connection import CONNECTION, PROTECTS, env_name
from tests.integration.playbook import CASE, Task

LOOKUP = "stellarcyber.xdr.stellar_cases"

# Each reads, and has nothing to change.
MODULES: dict[str, dict[str, Any]] = {
    "stellar_case": {"case_id": CASE, "name": "Carbon Black:XDR Endpoint Indicator of Threat and 16 others"},
    "stellar_case_info": {"tags": ["October-event"]},
    "stellar_cases": {"rules": [{"name": "Nothing", "match": {"tags": {"any": ["no such tag"]}}}]},
    "stellar_ping": {"skip": ["capabilities"]},
    "stellar_tenant_info": {},
    "stellar_user_info": {},
}
# The same module where Ansible starts a Python of its own for it, as it does when the task has an environment
OWN_PROCESS = "stellar_case in a process of its own"
SOURCES = ("task", "module_defaults", "variable", "environment")

_UNDEFINED = "{{ a_name_that_nobody_defined }}"
# A value of another type, and one that is nearly right
WRONG: dict[str, tuple[Any, str]] = {
    "host": (["127.0.0.1"], "my server"),
    "username": (5, "somebody:else@example.com"),
    "api_key": ({"key": "x"}, "two words"),
    "access_token": (True, "two words"),
    "auth_method": (["basic"], "basik"),
    "tenant": (7, "Exampel Tenant"),
    "validate_certs": ([True], "ture"),
    "ca_path": (1, "/nowhere/ca.pem"),
    "proxy": (["x"], "proxy.example.com"),
    "timeout": (True, "3O"),
    "retries": (1.5, "four"),
    "retry_budget": ([1], "2 minutes"),
}
assert set(WRONG) == set(CONNECTION)
KINDS = ("empty", "blank", "null", "undefined", "wrong type", "misspelt")


def value(option: str, kind: str) -> Any:
    """Return the value of a cell."""
    known = {"empty": "", "blank": " ", "null": None, "undefined": _UNDEFINED}
    return known[kind] if kind in known else WRONG[option][kind == "misspelt"]


def is_error(option: str, kind: str) -> bool:
    """Return whether the value is an error where it was given by task, module_defaults or variable."""
    return kind in ("undefined", "wrong type", "misspelt") or option in PROTECTS


@dataclass(frozen=True)
class Cell:
    """One option's value from one source, for one reader. name: of the task."""

    option: str
    kind: str
    source: str
    reader: str
    check: bool

    @property
    def name(self) -> str:
        return " | ".join((self.option, self.kind, self.source, self.reader, "check" if self.check else "real"))

    @classmethod
    def of(cls, name: str) -> Cell:
        option, kind, source, reader, mode = name.split(" | ")
        return cls(option, kind, source, reader, mode == "check")

    def role(self) -> dict[str, Any]:
        """Return tasks that run the role; the last of them has the cell's name, and says how the role ended."""
        given = value(self.option, self.kind)
        include: dict[str, Any] = {
            "ansible.builtin.include_role": {"name": "stellarcyber.xdr.case_hygiene"},
            "vars": {"case_hygiene_rules": MODULES["stellar_cases"]["rules"]},
        }
        more: dict[str, Any] = {}
        if self.source == "variable":
            include["vars"][f"stellar_{self.option}"] = given
        elif self.source == "module_defaults":
            more = {"module_defaults": {"group/stellarcyber.xdr.stellar": {self.option: given}}}
        ended = {"name": self.name, "ansible.builtin.debug": {"msg": "passed"}}
        failed = {"name": self.name, "ansible.builtin.fail": {"msg": "{{ ansible_failed_result.msg }}"}}
        return {
            "block": [include, ended],
            "rescue": [{**failed, "ignore_errors": True}],
            "check_mode": self.check,
            **more,
        }

    def task(self) -> dict[str, Any]:
        given = value(self.option, self.kind)
        more: dict[str, Any] = {"check_mode": self.check, "ignore_errors": True}
        if self.source == "variable":
            more["vars"] = {f"stellar_{self.option}": given}
        if self.reader == "lookup":
            more.setdefault("vars", {})
            option = ""
            if self.source == "task":
                more["vars"] = {"given": given}
                option = f", {self.option}=given"
            message = "{{ query('" + LOOKUP + "', 'October-event', result='ids'" + option + ") }}"
            return {"name": self.name, "ansible.builtin.debug": {"msg": message}, **more}
        module = self.reader
        if self.reader == OWN_PROCESS:
            module, more["environment"] = "stellar_case", {"ANY": "thing"}
        options = dict(MODULES[module])
        if self.source == "task":
            options[self.option] = given
        if self.source == "module_defaults":
            more["module_defaults"] = {"group/stellarcyber.xdr.stellar": {self.option: given}}
        return {"name": self.name, f"stellarcyber.xdr.{module}": options, **more}

    @property
    def said_source(self) -> str:
        """How a message names the source."""
        if self.source == "variable":
            return f"the variable stellar_{self.option}"
        if self.source == "environment":
            return f"the environment variable {env_name(self.option)}"
        return "the lookup" if self.reader == "lookup" else "the task or module_defaults"

    def verdict(self, failed: bool, message: str, requests: list[str]) -> str:
        """Return what is wrong about the task's outcome, or ''. requests: as playbook.calls names them."""
        if not is_error(self.option, self.kind):
            return "" if not failed and requests else f"it should count as absent: {message}"
        if not failed:
            return f"no error, and it sent {requests}"
        # Whether there is a tenant of this name, the platform alone knows.
        is_name = (self.option, self.kind) == ("tenant", "misspelt")
        allowed = ["POST access_token", "GET tenants", "GET cases/ID"] if is_name else []
        # It reads a case before it looks the tenant up.
        allowed += ["GET cases"] if is_name and self.reader == "stellar_ping" else []
        if [call for call in requests if call not in allowed]:
            return f"it sent {requests}"
        if self.kind == "undefined" and self.source in ("task", "module_defaults"):
            return "" if "undefined" in message else f"Ansible says: {message}"
        if is_name:
            return "" if "Could not find tenant Exampel Tenant" in message else message
        # The module in a process of its own knows the environment from the rest only.
        sources = [
            self.said_source,
            *(["the task, module_defaults or a variable"] if self._is_unsure_of_source else []),
        ]
        wanted = [f"{self.option}, from {source}, " for source in sources]
        return "" if any(words in message for words in wanted) else f"{wanted[0]!r} is not in: {message}"

    @property
    def _is_unsure_of_source(self) -> bool:
        return self.reader == OWN_PROCESS and self.source != "environment"


def judge(cells: Sequence[Cell], tasks: Iterable[Task]) -> None:
    """Assert that each cell has run, and had the outcome that it should have."""
    wrong: dict[str, str] = {}
    seen, sent = [], []
    for task in tasks:
        # Those of a role come before the task that says how it ended.
        sent += task.calls
        if task.name.count(" | ") == 4:
            seen.append(task.name)
            said = Cell.of(task.name).verdict(task.kind == "failed", str(task.result.get("msg")), sent)
            sent = []
            if said:
                wrong[task.name] = said
    assert seen == [cell.name for cell in cells]
    assert not wrong, "\n".join(f"{name}: {said[:300]}" for name, said in wrong.items())


def cells(options: tuple[str, ...], readers: tuple[str, ...], sources: tuple[str, ...] = SOURCES[:3]) -> list[Cell]:
    """Return the cells of some options that a play can hold, as the environment is one for all of it."""
    return [
        Cell(option, kind, source, reader, check)
        for option in options
        for kind in KINDS
        for source in sources
        for reader in readers
        for check in (True, False)
        if not (reader == "lookup" and (source == "module_defaults" or check))
    ]


def by_environment(option, kind):
    table = [
        Cell(option, kind, "environment", reader, check) for reader in (*MODULES, "role") for check in (True, False)
    ]
    return [*table, *(Cell(option, kind, "environment", reader, False) for reader in (OWN_PROCESS, "lookup"))]


def tasks_of(table):
    return [cell.role() if cell.reader == "role" else cell.task() for cell in table]
