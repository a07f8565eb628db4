# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every text of tests/hostile_text.py, in each place where the platform keeps text, through all that reads and writes.

What Ansible makes of the texts is shown on every ansible-core, in tests/cores/test_hostile_text.py.
"""

from __future__ import annotations

import json
import time

import pytest
import yaml

from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.case import CASE, CASE_INFO, INCLUDES
from ansible_collections.stellarcyber.xdr.plugins.module_utils._argspec.comment import COMMENT
from ansible_collections.stellarcyber.xdr.plugins.module_utils._errors import InputError, StellarError
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.case import is_case_id, tag_problem
from ansible_collections.stellarcyber.xdr.plugins.module_utils._model.saved_plan import checksum
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run import bulk as bulk_module
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.case import run_case, run_case_info, run_lookup
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.comment import run_comment
from ansible_collections.stellarcyber.xdr.plugins.module_utils._run.undo_summary import SHOWN
from tests import evidence, hostile_text
from tests.integration import many
from tests.integration.hygiene import CHECK_FAILED, PASSED, Analyst
from tests.integration.playbook import ROOT, parameters

pytestmark = pytest.mark.slow

TEXTS = hostile_text.texts("/tmp/nowhere/executed")
TITLES = list(TEXTS)
# The control plane of the simulator takes no half of a surrogate pair in a fault.
WHOLE = hostile_text.as_read(TEXTS)
CASES = hostile_text.platform(TEXTS)
EXPECTED = hostile_text.as_read(CASES)
IDS = [case["_id"] for case in CASES]
STARTER = ROOT / "roles/case_hygiene/files/starter_policy.yml"


@pytest.fixture
def held(sim):
    sim.reset(seed=CASES)
    sim.switch(description_in_get=True)
    return sim


def record(place, through, titles=tuple(TITLES)):
    for title in titles:
        evidence.record("hostile text", text=title, place=place, through=through)


def change(simulator, number, **options):
    given = parameters(CASE, simulator, case_id=IDS[number], **options)
    return run_case(given, False, lambda secret: None)


# -- values ---------------------------------------------------------------------------------------------------------


def test_what_is_read_is_what_the_platform_holds(held):
    given = parameters(CASE_INFO, held, tags=["hostile"], include=list(INCLUDES))
    result = run_case_info(given, False, lambda secret: None)
    assert result["include_errors"] == []
    for place, read in hostile_text.PLACES.items():
        for title, case, expected in zip(TITLES, result["cases"], EXPECTED, strict=True):
            assert read(case) == read(expected), (title, place)
        record(place, "stellar_case_info")
    cases = run_lookup(given)["found"]
    for place, read in hostile_text.LISTED.items():
        for title, case, expected in zip(TITLES, cases, EXPECTED, strict=True):
            assert read(case) == read(expected), (title, place)
        record(place, "lookup stellar_cases")


def test_what_is_written_is_what_was_given(held):
    for number, (title, text) in enumerate(TEXTS.items()):
        given = hostile_text.as_read(text)[:10_000]
        texts = {"description": given}
        if given.strip():
            texts.update(name=f"{given}.", comment=given)
        if not tag_problem(given):
            texts["tags"] = {"set": [given, "new"]}
        result = change(held, number, **texts)
        stored = held.case(IDS[number])
        shown = {"name": stored["name"], "description": stored["description"], "tags": {"set": stored["tags"]}}
        shown["comment"] = stored["comments"][-1]["comment"]
        assert hostile_text.as_read({name: shown[name] for name in texts}) == texts, title
        assert result["case"]["name"] == stored["name"], title
        assert {field["field"]: field["after"] for field in result["changes"]}.get("comment", given) == given
        for option in texts:
            record(f"option {option}", "stellar_case", [title])


def test_a_comment_of_any_text_is_there_once(held):
    def comment(number, **options):
        given = parameters(COMMENT, held, case_id=IDS[number], author="anyone", **options)
        return run_comment(given, False, lambda secret: None)

    for number, (title, text) in enumerate(TEXTS.items()):
        # Each case has a comment with the text itself already.
        given = f"!{hostile_text.as_read(text)[:10_000]}!"
        for options in ({"comment": given}, {"comment": given, "marker": "a"}):
            first, again = comment(number, **options), comment(number, **options)
            assert (first["changed"], again["changed"]) == (True, False), title
            # As JSON in the diff that Ansible prints
            assert isinstance(first["diff"]["after"]["comments"], list)
        record("option comment", "stellar_case_comment", [title])
        shown = [each["comment"] for each in held.case(IDS[number])["comments"]]
        assert [hostile_text.as_read(each) for each in shown[-2:]] == [given, f"{given.rstrip()} [ansible:a]"], title


def test_a_tag_that_is_refused_is_named_without_its_controls(held):
    given = {title: hostile_text.as_read(text) for title, text in TEXTS.items()}
    refused = {title: text for title, text in given.items() if tag_problem(text.strip())}
    for title, text in refused.items():
        with pytest.raises(InputError) as caught:
            change(held, 0, tags={"add": [text]})
        assert_harmless(caught.value, title)
    record("refused tag", "stellar_case", refused)
    assert not held.writes()


@pytest.mark.parametrize("way", ["rules", "cases", "plan"])
def test_many_cases_are_changed_and_restored(held, tmp_path, way):
    before = many.store(held)
    if way == "rules":
        tags = {"set": {"severity": "High", "tags": {"delete": ["hostile"]}}}
        given = {
            "rules": [
                {"name": "Found", "match": {"name": "(?s)."}},
                {"name": "All", "match": {"severity": ["Low"]}} | tags,
            ]
        }
    else:
        given = {"cases": [{"case_id": id_, "name": f"New {id_}", "tags": {"set": ["new"]}} for id_ in IDS]}
    if way == "plan":
        given = {"plan": saved_plan(held, tmp_path, **given)}
    expected = many.run(held, check_mode=True, **given).result
    done = many.run(held, journal=str(tmp_path / "journal"), **given)
    many.assert_true(done, before, many.store(held))
    assert done.counts["changed"] == len(IDS)
    assert done.result["diff"] == expected["diff"]
    # A plan is in the order of tenants.
    assert way == "plan" or [item["case_id"] for item in done.result["case_results"]] == IDS
    for title, case in zip(TITLES, EXPECTED, strict=True):
        item = done.of(case["_id"])
        assert (item["name"], item["tenant"]) == (case["name"], case["tenant_name"] or case["cust_id"]), title
        assert item["changes"][-1]["before"] == sorted(case["tags"]), title
    lines = (tmp_path / "journal").read_text(encoding="utf-8").splitlines()
    # A header, and two lines for each case: no text makes one more.
    keys = {"journal", "collection", "platform", "scope", "undo", "irreversible", "ticket_id"}
    assert [set(json.loads(line)) <= keys for line in lines] == [True] * (1 + 2 * len(IDS))

    undone = many.run(held, undo_file=str(tmp_path / "journal"))
    assert undone.counts["changed"] == len(IDS)
    lost = {item["case_id"]: item["fields"] for item in undone.result["irreversible"]}
    for title, case in zip(TITLES, CASES, strict=True):
        restored = held.case(case["_id"])
        fields = lost.get(case["_id"], [])
        assert "name" in fields or hostile_text.as_read(restored["name"]) == hostile_text.as_read(case["name"]), title
        # A tag that no option can hold is told to be lost.
        told = [f'tag "{tag}"' for tag in case["tags"] if tag_problem(tag)]
        assert [field for field in fields if field.startswith("tag")] == told if way != "rules" else not fields, title
        assert told or sorted(restored["tags"]) == sorted(case["tags"]), title
    for place in ("case name", "tag", "tenant name"):
        record(place, f"stellar_cases, {way}")
        record(place, "journal and undo file")


def saved_plan(held, folder, **options):
    """The path of a plan, which has each text as it was read, and no character that steers a terminal."""
    path = folder / "plan.json"
    many.run(held, check_mode=True, plan_file=str(path), **options)
    text = path.read_text(encoding="utf-8")
    assert text.isascii()
    assert hostile_text.steering(text) == []
    entries = {entry["case_id"]: entry for entry in json.loads(text)["cases"]}
    for title, case in zip(TITLES, EXPECTED, strict=True):
        entry = entries[case["_id"]]
        assert entry["before"] == {"name": case["name"], "tags": sorted(case["tags"])}, title
        assert entry["match"] == {"name": case["name"]}, title
    for place in ("case name", "tag", "tenant name"):
        record(place, "file of a plan")
    return str(path)


def test_a_case_that_is_not_as_planned_is_skipped_without_controls(held, tmp_path):
    """The reason says what somebody with a name of their own made of what else there was."""
    given = {"cases": [{"case_id": id_, "name": f"New {id_}", "tags": {"set": ["new"]}} for id_ in IDS]}
    path = saved_plan(held, tmp_path, **given)
    for case, expected in zip(CASES, EXPECTED, strict=True):
        held.edit(case["_id"], {"name": f"{expected['name'][:1000]}!"}, user=case["assignee"])
    done = many.run(held, plan=path)
    assert done.counts == {"read": len(IDS), "skipped": len(IDS)}
    for title, id_ in zip(TITLES, IDS, strict=True):
        item = done.of(id_)
        assert "when the plan was made" in item["reason"], title
        assert hostile_text.steering(item["reason"]) == [], title
        assert hostile_text.commands(item["reason"]) == [], title
        assert len(item["reason"]) < 2000, title
    for place in ("case name", "name of who changed the case"):
        record(place, "reason of a skipped case")
    assert not held.writes()


def test_texts_in_the_file_of_a_plan_are_harmless(held, tmp_path):
    """As by somebody who can write the file, and knows how its checksum is made."""
    path = tmp_path / "plan.json"
    many.run(held, check_mode=True, plan_file=str(path), cases=[{"case_id": IDS[0], "severity": "High"}])
    content = json.loads(path.read_text(encoding="utf-8"))
    for title, text in TEXTS.items():
        for change in (
            {"error": text or "?"},
            {"platform": text},
            {"tenant": [text or "?", text], "scope": text},
            {"created_at": text},
            {"plan_title": text, "cases": [{**content["cases"][0], "set": {text: text}}]},
            {"cases": [{**content["cases"][0], "case_id": text or "?"}]},
        ):
            changed = {**content, **change}
            path.write_text(json.dumps({**changed, "sha256": checksum(changed)}), encoding="utf-8")
            done = many.run(held, plan=str(path))
            # Some texts are times.
            assert done.failed or "created_at" in change, (title, change)
            for each in (done.result.get("msg", ""), str(done.result.get("error", {}).get("msg", ""))):
                assert hostile_text.steering(each) == [], (title, each)
                assert hostile_text.commands(each) == [], (title, each)
                assert len(each) < 2000, (title, each)
        record("file of a plan", "message", [title])
    assert not held.writes()


def test_names_cost_the_starter_policy_no_time(held):
    rules = yaml.safe_load(STARTER.read_text(encoding="utf-8"))["rules"]
    started = time.monotonic()
    done = many.run(held, check_mode=True, rules=rules)
    assert time.monotonic() - started < 30
    assert done.result["counts"]["read"] == len(IDS)
    record("case name", "starter policy")


def test_a_name_that_keeps_an_expression_at_work_fails_alone(held):
    names = {0: "a" * 40 + "!", 1: "aaaa", 2: "a" * 900 + "!"}
    for number, name in names.items():
        held.put_case(IDS[number], name=name, tags=["bomb"])
    match = {"tags": {"any": ["bomb"]}, "name": "(a+)+$"}
    started = time.monotonic()
    done = many.run(held, rules=[{"name": "Slow", "match": match, "set": {"severity": "High"}}])
    assert time.monotonic() - started < 60
    assert done.failed
    assert done.counts == {"read": 3, "changed": 1, "failed": 2}
    assert done.of(IDS[1])["outcome"] == "changed"
    for number in (0, 2):
        item = done.of(IDS[number])
        assert item["reason"].startswith(f"Could not apply the rules to case {IDS[number]} (ticket ")
        assert (item["error"]["type"], item["name"]) == ("InputError", names[number])
        assert held.case(IDS[number])["severity"] == "Low"
    evidence.record(
        "hostile text", text="name for a slow expression", place="case name", through="stellar_cases, rules"
    )


# -- messages -------------------------------------------------------------------------------------------------------


def assert_harmless(error, title):
    """A message, and all that a result says of the error: one line each that steers nothing."""
    message = str(error)
    assert hostile_text.commands(message) == [], (title, message)
    for text in (message, *filter(lambda fact: isinstance(fact, str), error.to_result()["error"].values())):
        assert "\n" not in text, (title, text)
        assert hostile_text.steering(text) == [], (title, text)
        assert len(text) < 2000, title


# what happens: (how the simulator does it with a text, what is asked)
MESSAGES = {
    "error of the platform": (lambda text: ("status", {"status": 422, "body": text}), {"severity": "High"}),
    "error as JSON": (
        lambda text: ("status", {"status": 403, "body": json.dumps({"error": text})}),
        {"severity": "High"},
    ),
    "answer that is no JSON": (lambda text: ("not_json", {"body": f"<{text}"}), {"severity": "High"}),
    "target of a redirect": (
        lambda text: ("redirect", {"location": f"https://x/{text.encode('ascii', 'ignore').decode()[:1000]}"}),
        {"severity": "High"},
    ),
}


@pytest.mark.parametrize("situation", MESSAGES)
def test_what_an_answer_says_is_harmless_in_a_message(held, situation):
    fault, options = MESSAGES[situation]
    for number, (title, text) in enumerate(TEXTS.items()):
        kind, details = fault(hostile_text.as_read(text)[:10_000])
        if situation == "target of a redirect":
            # No header can hold them.
            details["location"] = "".join(char for char in details["location"] if char.isprintable())
        held.fault(kind, method="GET", path="/cases/*", **details)
        with pytest.raises(StellarError) as caught:
            change(held, number, **options)
        assert_harmless(caught.value, title)
    assert not held.writes()
    record(situation, "message")


def test_names_are_harmless_in_messages(held):
    for number, title in enumerate(TITLES):
        for options in (
            {"severity": "High", "if_unmodified_since": "2001-01-01"},  # says who changed the case
            {"severity": "High", "tenant": "Example Tenant"},  # says whose it is
            {"assignee": "Nobody at all"},
            {"severity": "High", "tenant": "No tenant"},  # names the tenants that there are
        ):
            with pytest.raises(StellarError) as caught:
                change(held, number, **options)
            assert_harmless(caught.value, title)
        record("name of who changed the case", "message", [title])
        record("tenant name", "message", [title])
    assert not held.writes()


def test_people_are_harmless_in_messages(held):
    for title, text in WHOLE.items():
        twins = [
            {"user_id": f"{number:032x}", "email": f"{text[:10_000]}{number}", "name": "twin"} for number in range(2)
        ]
        held.clear_faults()
        held.fault("wrong_shape", path="*/users", body={"data": twins})
        with pytest.raises(StellarError, match="users have that name") as caught:
            change(held, 0, assignee="twin")
        assert_harmless(caught.value, title)
        record("e-mail of a user", "message", [title])


def test_what_the_platform_shows_after_a_write_is_harmless_in_warnings(held):
    held.switch(users_status=403)
    for number, (title, expected) in enumerate(zip(TITLES, EXPECTED, strict=True)):
        # Somebody with a name of their own renames it, and who has it then can't be told for sure.
        name = f"{expected['name'][:1000]}!"
        held.edit(
            IDS[number], {"name": name}, user=expected["modified_by"], before={"method": "PUT", "path": "/cases/*"}
        )
        shown = {
            "name": name,
            "severity": "High",
            "assignee": "9" * 32,
            "assignee_name": expected["tenant_name"] or "x",
        }
        held.fault("wrong_shape", method="PUT", path="/cases/*", body={"data": {**expected, **shown}})
        warnings = change(held, number, assignee="ohtani@example.com", severity="High")["warnings"]
        assert [
            words for words in ("can't be verified", "was changed by others") if words not in "".join(warnings)
        ] == []
        for warning in warnings:
            assert "\n" not in warning, title
            assert hostile_text.steering(warning) == [], (title, warning)
            assert hostile_text.commands(warning) == [], (title, warning)
        for place in ("name of the assignee", "case name", "name of who changed the case"):
            record(place, "warning", [title])


def test_a_text_is_no_id(held):
    for title, text in WHOLE.items():
        if is_case_id(text):
            continue
        case = {**EXPECTED[0], "_id": text[:10_000]}
        held.clear_faults()
        held.clear_requests()
        held.fault("wrong_shape", path="/cases", body={"data": {"cases": [case], "total": 1}})
        with pytest.raises(StellarError) as caught:
            many.run_cases(
                parameters(many.CASES, held, rules=[{"name": "All", "match": {}, "set": {"severity": "High"}}]),
                False,
                lambda secret: None,
            )
        assert_harmless(caught.value, title)
        with pytest.raises(StellarError) as caught:
            run_case(parameters(CASE, held, case_id=text, severity="High"), False, lambda secret: None)
        assert_harmless(caught.value, title)
        assert {entry["path"].rpartition("/")[2] for entry in held.requests()} == {"access_token", "cases"}
        record("id of a case", "stellar_cases", [title])
        record("id of a case", "stellar_case", [title])


def test_a_fault_of_our_own_is_told_without_controls(held, monkeypatch):
    def fail(client, reader, case, *more):
        raise ValueError(case["name"])

    monkeypatch.setattr(bulk_module, "apply_plan", fail)
    for number, title in enumerate(TITLES):
        done = many.run(held, cases=[{"case_id": IDS[number], "severity": "High"}])
        for text in (done.result["msg"], done.of(IDS[number])["reason"]):
            assert hostile_text.steering(text) == [], title
            assert hostile_text.commands(text) == [], title


def test_what_is_asked_for_is_harmless_in_messages(held):
    for title, text in TEXTS.items():
        for options in ({"assignee": text or "?"}, {"severity": "High", "tenant": text or "?"}):
            try:
                change(held, 0, **options)
            except StellarError as error:
                assert_harmless(error, title)
        record("option assignee", "message", [title])
        record("option tenant", "message", [title])


# -- on the terminal --------------------------------------------------------------------------------------------------


def top(case_id):
    """A case whose own fields have the special names."""
    special = {key: {"value": "owned", "_ansible_no_log": True} for key in hostile_text.KEYS}
    flags = {
        "_ansible_no_log": True,
        "failed": True,
        "changed": True,
        "ansible_facts": {"owned": 1},
        "__ansible_type": [],
    }
    return {
        **special,
        **flags,
        "_id": case_id,
        "ticket_id": 5,
        "name": "A name",
        "tags": ["hostile"],
        "status": "New",
        "severity": "High",
    }


def test_special_names_of_fields_have_no_effect(held, play):
    case = top(IDS[0])
    held.fault("wrong_shape", path="/cases/*", times=0, body={"data": case})
    held.fault("wrong_shape", path="/cases", times=0, body={"data": {"cases": [case], "total": 1}})
    info = {"stellarcyber.xdr.stellar_case_info": {"case_id": [IDS[0]]}}
    run = play(
        [
            {**info, "register": "here"},
            {**info, "environment": {"ANY": "thing"}, "register": "module"},
            {"stellarcyber.xdr.stellar_case": {"case_id": IDS[0], "severity": "High"}, "register": "one"},
            {
                "ansible.builtin.set_fact": {"looked_up": "{{ query('stellarcyber.xdr.stellar_cases', 'hostile') }}"},
            },
            {
                "ansible.builtin.assert": {
                    "that": [
                        "owned is not defined and value is not defined and ansible_facts.owned is not defined",
                        "here is not failed and here is not changed and module is not changed and one is not changed",
                        "here.cases == module.cases == looked_up == [one.case]",
                    ]
                }
            },
        ]
    )
    assert run.returncode == 0, run.output
    for task, read in ((run[0], lambda result: result["cases"][0]), (run[2], lambda result: result["case"])):
        assert read(task.result) == hostile_text.as_read(case)
    assert "censored" not in run.output
    for name in hostile_text.KEYS:
        for through in ("stellar_case_info", "stellar_case", "lookup stellar_cases"):
            evidence.record("hostile text", text=f"field called {name}", place="field of a case", through=through)


def assert_quiet(output):
    assert hostile_text.steering(output) == []
    assert hostile_text.forged(output) == []
    assert not hostile_text.EVALUATED.search(output)


def test_the_role_and_undo_are_quiet(held, tmp_path):
    analyst = Analyst(held, tmp_path)
    # A ticket is a number on any sane platform.
    for case in EXPECTED:
        held.put_case(case["_id"], ticket_id=case["name"][:1000] or 5)
    rules = [
        {"name": "Found", "match": {"name": "(?s)."}},
        {
            "name": "Rename",
            "match": {"tags": {"any": ["hostile"]}},
            "set": {"name": "Renamed", "tags": {"set": ["new"]}},
        },
    ]
    (tmp_path / "policy.yml").write_text(json.dumps({"rules": rules}), encoding="utf-8")
    given = {
        "policy_file": "policy.yml",
        "report_dir": "reports",
        "max_changes": "100%",
        "report_formats": "json,junit,markdown,html,csv,openmetrics",
        "history": "history.jsonl",
        "case_url": "https://{platform}/{case_id}/{ticket_id}",
    }
    preview = analyst.hygiene("--check", "--diff", **given, plan_file="plan.json")
    assert preview.returncode == CHECK_FAILED, preview.output
    assert_quiet(preview.output)
    # Somebody with a name of their own comes between.
    for case in CASES:
        held.edit(case["_id"], {"status": "In Progress"}, user=case["assignee"])
    by_plan = {name: given[name] for name in ("max_changes", "report_formats", "case_url")}
    planned = analyst.hygiene(
        "--check", "--diff", **by_plan, apply_plan="plan.json", report_dir="review", fail_on="none"
    )
    assert planned.returncode == PASSED, planned.output
    assert_quiet(planned.output)
    assert analyst.report("review")["counts"]["changed"] == len(CASES)
    done = analyst.hygiene(**given)
    assert done.returncode == PASSED, done.output
    assert_quiet(done.output)
    assert [row["name"] for row in analyst.report()["case_results"]] == [case["name"] for case in EXPECTED]

    for case in CASES[1::2]:
        held.edit(case["_id"], {"status": "Escalated"}, user=case["assignee"])
    # What was skipped is told with who changed it, of 20 cases in a run.
    report = analyst.report()
    items = {item["case_id"]: item for item in report["undo"]}
    for number in range(0, len(CASES), 2 * SHOWN):
        part = slice(number, number + 2 * SHOWN)
        undo = [items[id_] for id_ in IDS[part]]
        (tmp_path / "part.json").write_text(json.dumps({**report, "undo": undo}), encoding="utf-8")
        undone = analyst.undo(undo_file="part.json")
        assert undone.returncode == 2, undone.output
        assert_quiet(undone.output)
        assert hostile_text.commands("\n".join(undone.said)) == []
        assert sum("changed it at" in line for line in undone.said) == len(CASES[part][1::2])
    lost = [row["case_id"] for row in analyst.report()["case_results"] if "name" in row.get("irreversible", [])]
    after = many.store(held)
    for title, case in zip(TITLES[::2], CASES[::2], strict=True):
        assert case["_id"] in lost or after[case["_id"]]["name"] == hostile_text.as_read(case["name"]), title
    for place in ("case name", "tag", "name of who changed the case"):
        record(place, "terminal")


def test_a_failing_task_forges_no_line(held, play):
    numbers = [number for number, text in enumerate(TEXTS.values()) if len(text) < 10_000]
    for number in numbers:
        held.fault("status", method="PUT", path=f"/cases/{IDS[number]}", status=422, body=EXPECTED[number]["name"])
    run = play(
        [
            {
                "stellarcyber.xdr.stellar_case": {"case_id": "{{ item }}", "severity": "High"},
                "loop": [IDS[number] for number in numbers],
                "ignore_errors": True,
                "diff": True,
            },
            {
                "stellarcyber.xdr.stellar_cases": {"rules": [{"name": "Found", "match": {"name": "(?s)."}}]},
                "failed_when": True,
                "ignore_errors": True,
            },
            {
                "stellarcyber.xdr.stellar_case_info": {"tags": ["hostile"], "include": list(INCLUDES)},
                "failed_when": True,
                "ignore_errors": True,
            },
        ],
        "-v",
    )
    assert run.returncode == 0, run.output
    assert [task.kind for task in run.tasks] == ["failed"] * 3
    # Lines are those that a terminal or a runner knows; Ansible prints results as JSON without escaping the rest.
    assert hostile_text.forged(run.output) == []
    assert [char for char in run.output if char < " " and char != "\n"] == []
    for place in hostile_text.PLACES:
        record(place, "results that Ansible prints", [TITLES[number] for number in numbers])
