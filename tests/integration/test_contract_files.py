# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of the playbook contract: what a user gives to others. They are whole, in order, and name nobody."""

from __future__ import annotations

import json
import random
import re
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.ping import PING
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.case import SEVERITIES, STATUSES
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.contract import ANSWERS, CLAIMS, markdown
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.contract_shapes import KNOWN_FIELDS
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.ping import run_ping
from tests import canaries, canned, evidence, hostile_text
from tests.canned import Asked, http
from tests.integration.hygiene import Analyst, Played
from tests.integration.playbook import CASE, Run, calls, parameters
from tests.integration.test_contract import MOST_READS, answers_of, ping
from tests.simulator.process import Simulator
from tests.simulator.sample import TENANTS, USERS

MODULE = "stellarcyber.xdr.stellar_ping"
PLAYBOOK = "stellarcyber.xdr.contract"
FILES = ["contract.json", "contract.md"]
TENANT = "Example Tenant"


def texts(folder: Path) -> list[str]:
    return [(folder / name).read_text(encoding="utf-8") for name in FILES]


def contract(analyst: Analyst, *arguments: str) -> Played:
    """Run the playbook, with the folder in which it is started unless the arguments name one."""
    here = () if any("contract_dir" in argument for argument in arguments) else ("-e", "contract_dir=.")
    return analyst.play(PLAYBOOK, *here, *arguments)


# -- the playbook ---------------------------------------------------------------------------------------------------


def test_the_playbook_writes_both_files(analyst: Analyst, sim: Simulator) -> None:
    done = contract(analyst, "-e", "contract_dir=new/folder")
    assert done.returncode == 0, done.output
    folder = analyst.folder / "new/folder"
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    document = json.loads(texts(folder)[0])
    assert texts(folder)[1] == markdown(document)
    assert [row["id"] for row in document["claims"]] == list(CLAIMS)
    assert {row["answer"] for row in document["claims"]} <= set(ANSWERS)
    assert sum(document["counts"].values()) == len(CLAIMS)
    # Its requests, which are all reads beside the exchange of the key
    sent = calls(done.requests)
    assert [call for call in sent if not call.startswith("GET ")] == ["POST access_token"]
    assert document["requests"] == {"read": len(sent) - 1, "write": 0, "retry": 0}
    assert len(sent) - 1 <= MOST_READS
    # Each row has those of its claim; one more is the first read of a case.
    assert sum(row["requests"] for row in document["claims"]) == len(sent) - 2
    assert re.match(r"stellarcyber\.xdr \d+\.\d+\.\d+, ansible-core \d\S+, Python 3\.\d+", document["made_by"])
    assert re.search(r"requests \d\S+, urllib3 \d\S+, OpenSSL \d", document["libraries"])
    assert done.said == [
        "{} claims: {confirmed} confirmed, {differs} different, {undecided} undecided, {not_read} not settled by reads."
        .format(len(CLAIMS), **document["counts"]),
        *(str(folder / name) for name in FILES),
    ]  # fmt: skip


def test_the_second_run_replaces_them_by_the_same(analyst: Analyst) -> None:
    before = []
    for arguments in ((), ("--check",)):
        done = contract(analyst, *arguments)
        assert done.returncode == 0, done.output
        before.append(texts(analyst.folder))
        for name in FILES:
            (analyst.folder / name).chmod(0o644)
    assert before[0] == before[1]
    contract(analyst)
    assert texts(analyst.folder) == before[0]
    assert {stat.S_IMODE((analyst.folder / name).stat().st_mode) for name in FILES} == {0o600}


def test_a_platform_that_is_down_leaves_the_files_of_an_earlier_run(analyst: Analyst, sim: Simulator) -> None:
    assert contract(analyst).returncode == 0
    before = texts(analyst.folder)
    sim.switch(token_status=403)
    done = contract(analyst)
    assert done.returncode == 2
    assert done.failure.startswith("token: Could not get an access token (")
    assert calls(done.requests) == ["POST access_token"]
    assert texts(analyst.folder) == before


def test_the_failed_step_is_named_and_no_file_is_written(analyst: Analyst) -> None:
    done = contract(analyst, "-e", "stellar_host=127.0.0.1:1", "-e", "contract_dir=new")
    assert done.returncode == 2
    assert done.failure.startswith("tcp: Could not connect to 127.0.0.1:1: ")
    assert not (analyst.folder / "new").exists()


def test_a_variable_without_its_prefix_is_refused(analyst: Analyst) -> None:
    done = contract(analyst, "-e", "tenant=Example")
    assert "The variable tenant: was given by -e, and the playbook stellarcyber.xdr.contract does not" in done.failure
    assert done.requests == []


@pytest.mark.parametrize("more", [{}, {"environment": {"ANY": "thing"}}, {"check_mode": True}])
def test_the_controller_writes_them_wherever_the_module_runs(
    play: Callable[..., Run], tmp_path: Path, more: dict[str, Any]
) -> None:
    run = play([{MODULE: {"contract_dir": str(tmp_path / "out"), "tenant": TENANT}, **more}])
    assert run.returncode == 0, run.output
    result = run[0].result
    assert result["contract_files"] == [str(tmp_path / "out" / name) for name in FILES]
    assert result["contract"] == json.loads(texts(tmp_path / "out")[0])
    assert result["steps"][-1]["name"] == "contract"
    assert result["changed"] is False
    assert result["requests"]["read"] <= MOST_READS


# -- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "more", "said"),
    [
        ({"contract_dir": "{file}"}, {}, "options: contract_dir: can't write files in {file}: Not a directory. "),
        ({"contract_dir": "{file}/in"}, {}, "options: contract_dir: can't write files in {file}/in: Not a directory. "),
        ({"contract_dir": " "}, {}, "options: contract_dir is empty. Give a folder, or leave it out."),
        ({"contract_dir": ""}, {}, "options: contract_dir has no value. "),
        ({"contract_dir": None}, {}, "options: contract_dir has no value. "),
        ({"contract_dir": "x", "skip": ["read"]}, {}, "options: skip can't be combined with contract_dir for the step"),
        (
            {"contract_dir": "x", "skip": ["capabilities"]},
            {},
            "options: skip can't be combined with contract_dir for the step capabilities. Leave the step in, ",
        ),
        ({"contract_dir": "x"}, {"async": 9}, "options: contract_dir: can't be combined with async. Leave async out."),
    ],
)
def test_a_mistake_is_one_error_before_anything_is_sent(
    play: Callable[..., Run], tmp_path: Path, options: dict[str, Any], more: dict[str, Any], said: str
) -> None:
    file = tmp_path / "file"
    file.touch()
    given = {name: value.format(file=file) if isinstance(value, str) else value for name, value in options.items()}
    run = play([{MODULE: given, **more}])
    assert run.returncode == 2, run.output
    assert run[0].result["msg"].startswith(said.format(file=file))
    assert (run[0].result["failed_step"], run[0].calls) == ("options", [])
    assert not (tmp_path / "x").exists()


def test_a_folder_that_can_not_be_there_is_named(play: Callable[..., Run]) -> None:
    # No one can write there, root included, which is told before or after the run: see the test of ContractFiles.
    run = play([{MODULE: {"contract_dir": "/proc/nothing/here"}}])
    assert run.returncode == 2
    assert re.match(
        r"options: contract_dir: can't write files in /proc/nothing/here: (Permission denied|No such file or directory)"
        r"\. Give a folder that can be created and written\.",
        run[0].result["msg"],
    )


def test_a_full_disk_leaves_no_part_of_a_file(analyst: Analyst) -> None:
    """A folder in the place of a file can't be replaced, as a disk without space."""
    (analyst.folder / "contract.json").mkdir()
    done = contract(analyst)
    assert done.returncode == 2
    assert "contract_dir: can't write files in " in done.failure
    assert sorted(path.name for path in analyst.folder.iterdir() if path.name.startswith((".", "contract"))) == [
        "contract.json"
    ]


def test_a_platform_that_stops_answering_leaves_the_rest_undecided(sim: Simulator) -> None:
    sim.fault("stall", path="*/observables", times=0)
    started = time.monotonic()
    result = ping(sim, timeout=1, retries=1)
    assert time.monotonic() - started < 10
    answers = answers_of(result)
    assert answers["part.observables"] == ("undecided", "TransportError: no complete answer.")
    assert answers["part.summary"] == ("undecided", "The platform did not answer an earlier request.")
    # What was read before, or needs no request, is told.
    assert answers["part.alerts"][0] == answers["users.get"][0] == "confirmed"
    (step,) = [step for step in result["steps"] if step["name"] == "contract"]
    assert step["status"] == "warning"
    assert step["detail"].startswith("The platform did not answer a request. ")


def test_a_page_of_500_that_takes_too_long_does_not_end_it(sim: Simulator) -> None:
    sim.fault("stall", path="*/cases", query={"limit": "500"}, times=0)
    answers = answers_of(ping(sim, timeout=1))
    assert answers["list.limit"] == ("differs", "No complete answer in time.")
    assert answers["list.smaller"] == ("confirmed", "limit=10 is answered.")
    assert answers["part.observables"] == ("confirmed", "")


def test_without_a_case_most_is_undecided(sim: Simulator) -> None:
    sim.reset(cases=0)
    answers = answers_of(ping(sim))
    no_case = {claim for claim, (answer, why) in answers.items() if (answer, why) == ("undecided", "There is no case.")}
    assert {claim for claim in CLAIMS if claim.startswith("filter.")} <= no_case
    assert answers["case.unknown"] == ("confirmed", "HTTP 404.")
    assert answers["users.get"][0] == "confirmed"


# -- what the files must not have -------------------------------------------------------------------------------------


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def both(result: dict[str, Any]) -> str:
    return json.dumps(result["contract"], ensure_ascii=False) + markdown(result["contract"])


def test_no_text_of_the_simulator_is_in_a_file(sim: Simulator) -> None:
    """None of its cases, users, tenants, comments, nor of the connection."""
    held = {text for record in (*sim.cases(), *USERS, *TENANTS) for text in strings(record)}
    held |= {str(case[name]) for case in sim.cases() for name in ("ticket_id", "created_at", "modified_at")}
    held |= {sim.host, sim.host.partition(":")[0], sim.username, sim.ca_path, TENANT, "Example", "ohtani", "soc-lead"}
    # The product's own words, which the page has too
    held -= {"", *STATUSES, *SEVERITIES, "update", "add", "status", "assignee", "comment"}
    text = both(ping(sim, tenant=TENANT))
    words = set(re.findall(r"[\w.@:/-]+", text))
    assert [one for one in held if (one in words if re.fullmatch(r"\w{1,5}", one) else one in text)] == []


CANARY = "canary4711"


class Canaries:
    """A platform whose every text is a canary: keys beside the known ones, values, headers, errors. seed: its mood."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        # Some of them honour the window, so that more is asked.
        self.honours = seed % 2 == 0
        self.cases = [self.case(number) for number in range(self.chance.choice((0, 1, 3, 60)))]

    def value(self, depth: int = 0) -> Any:
        kind = self.chance.randrange(12 if depth < 2 else 8)
        plain = [CANARY, f"{CANARY}@{CANARY}.example", "", None, True, 47_110_815, 1.5, f"<b>{CANARY}</b> | `{CANARY}`"]
        if kind < 8:
            return plain[kind]
        if kind < 10:
            return [self.value(depth + 1) for _number in range(kind - 7)]
        return {CANARY: self.value(depth + 1), self.chance.choice(sorted(KNOWN_FIELDS)): self.value(depth + 1)}

    def record(self, usual: dict[str, Any]) -> Any:
        """A record of a list, with more fields and odd values in some."""
        known = [*usual, *self.chance.sample(sorted(KNOWN_FIELDS), 3), CANARY, f"{CANARY} | {CANARY}"]
        odd = {name: self.value() for name in known if self.chance.random() < 0.15}
        return {**usual, **odd, f"{CANARY}_more": CANARY} if self.chance.random() < 0.95 else self.value()

    def case(self, number: int) -> Any:
        moment = 1_700_000_000_000 + number * 7_000
        texts = ("name", "status", "severity", "assignee_name", "tenant_name", "description")
        return self.record(
            {
                "_id": f"{CANARY}-{number}",
                **{name: f"{CANARY} {name}" for name in texts},
                "assignee": self.chance.choice(("", "4711" * 8, f"{CANARY}@example.com")),
                "modified_by": self.chance.choice(("4711" * 8, CANARY)),
                "cust_id": self.chance.choice(("", "4711" * 8, CANARY)),
                "created_at": moment,
                "modified_at": moment,
                "score": 47,
                "size": self.chance.choice((2, 60)),
                "ticket_id": 47_110_000 + number,
                "tags": self.chance.choice(([], [f"{CANARY} tag"])),
            }
        )

    def __call__(self, asked: Asked) -> bytes:
        path = asked.path.removeprefix("/connect/api/v1/")
        headers = {"X_Canary": CANARY, "Server": CANARY, "Content_Type": f"application/json; {CANARY}"}
        if path == "access_token":
            return http({"access_token": f"token-{CANARY}-token", "exp": int(time.time()) + 600, CANARY: CANARY})
        # The first of all is the step read, without which there is no contract.
        if self.chance.random() < 0.1 and "FROM~created_at" not in asked.query:
            status = self.chance.choice((400, 403, 404, 405, 418, 422, 500))
            return http({"error": CANARY, "message": f"{CANARY} {{{{ 7*191 }}}}"}, status, **headers)
        if path == "cases":
            found = self.cases
            if self.honours:
                low, high = (int(asked.query.get(f"{end}~created_at", of)) for end, of in (("FROM", 0), ("TO", 10**14)))
                found = [one for one in found if isinstance(one, dict) and self._is_in(one, low, high)]
            found = sorted(found, key=str, reverse=asked.query.get("order") == "desc")
            return http({"data": {"cases": found[: int(asked.query["limit"])], "total": len(found)}}, **headers)
        if re.fullmatch("cases/[^/]+", path):
            return http({"data": self.case(0)}, **headers)
        records = [self.record({"user_id": "4711" * 8, "cust_id": CANARY, "user": CANARY}) for _number in range(3)]
        return http(
            self.chance.choice(({"data": records}, {"data": {"docs": records}}, {"observables": CANARY})), **headers
        )

    @staticmethod
    def _is_in(case: dict[str, Any], low: int, high: int) -> bool:
        created = case.get("created_at")
        return not isinstance(created, int) or low <= created <= high


def test_no_text_of_a_platform_of_canaries_is_in_a_file() -> None:
    """Whatever it answers, it ends with answers, and nothing of the platform is in them."""
    compared = 0
    for seed in range(200):
        with canned.serve(Canaries(seed)) as server:
            target = SimpleNamespace(host=server.url, username=None, api_key="key-of-canaries", ca_path=None)
            options = {"contract_dir": "/nowhere", "fail_on": "never", "retries": 0}
            result = run_ping(parameters(PING, target, **options), False, lambda secret: None)
        if "contract" not in result:
            continue
        compared += 1
        text = both(result)
        for private in (CANARY, "4711", "1337", "127.0.0.1", "key-of", "@"):
            assert private not in text, (seed, text.partition(private)[0][-200:])
        assert hostile_text.steering(text.replace("\n", "")) == []
        assert len(text) < 60_000
        requests = result["requests"]
        assert requests["read"] <= MOST_READS + 5  # tokens that are refused
        assert {asked.method for asked in server.asked} <= {"GET", "POST"}
    assert compared > 100
    evidence.record("hostile text", text="canaries", place="each text of a platform", through="contract files")


def test_hostile_texts_reach_no_file(sim: Simulator) -> None:
    usual = None
    for title, text in hostile_text.as_read(hostile_text.TEXTS).items():
        sim.put_case(CASE, name=text[:5000], tags=[text[:100] or "x"], created_by=text[:100], modified_by=text[:100])
        found = answers_of(ping(sim))
        usual = usual or found
        assert found == usual, title
        evidence.record("hostile text", text=title, place="case", through="contract files")


def test_no_secret_is_in_a_file(analyst: Analyst, sim: Simulator) -> None:
    done = contract(analyst, "-vvv")
    assert done.returncode == 0
    canaries.assert_none(canaries.of(sim), *texts(analyst.folder), where="files of the contract")
