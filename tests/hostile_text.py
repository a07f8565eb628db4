# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts that an attacker may put where a platform, a report or a terminal takes text: the one table of the tests.

FILE in a text stands for a path. Who executes the text makes that file, and who evaluates it makes 1337 of 7*191.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

_TOUCH = "lookup('ansible.builtin.pipe', 'touch FILE')"

TEXTS = {
    # Jinja
    "Jinja expression": f"{{{{ {_TOUCH} }}}}",
    "Jinja statement": f"{{% set x = {_TOUCH} %}}{{{{ x }}}}",
    "Jinja comment": "before {# gone #} after {#- gone -#}",
    "Jinja arithmetic": "{{ 7*191 }} {{- 7*191 -}} ${7*191} #{7*191} <%= 7*191 %>",
    "Jinja in Jinja": "{{ '{{' }} 7*191 {{ '}}' }} {{ '{{ 7*191 }}' }}",
    "Jinja with raw": "{% raw %}{{ 7*191 }}{% endraw %}",
    "Jinja, unbalanced": "{{ {% {# }} %} #} }} {{",
    "Jinja that asks Python": "{{ ''.__class__.__mro__[1].__subclasses__() }}{{ cycler.__init__.__globals__.os.name }}",
    "Jinja with a secret's name": "{{ lookup('env', 'STELLAR_API_KEY') }}{{ vars }}{{ hostvars }}",
    "Jinja override": '#jinja2: variable_start_string:"[%", variable_end_string:"%]"\n[% 7*191 %]',
    "line statement of Jinja": "# for x in range(7*191)\n% if 7*191",
    "Ansible's omit": "{{ omit }}",
    "Ansible's placeholder for omit": "__omit_place_holder__a1b2c3d4e5f6",
    "tag !unsafe": "!unsafe {{ 7*191 }}",
    "tag !vault": "!vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162",
    # what a template's result, or YAML, may be taken for
    "looks like a list": "['a', 1]",
    "looks like a dictionary": "{'a': 1}",
    "looks like a list of Jinja": f"""["{{{{ {_TOUCH} }}}}", '{{{{ 7*191 }}}}']""",
    "looks like a dictionary of Jinja": f"""{{"a": "{{{{ {_TOUCH} }}}}", '{{{{ 7*191 }}}}': 1}}""",
    "looks like JSON": '{"report": 1, "undo": [{"case_id": "0"}], "failed": true, "ansible_facts": {"owned": 1}}',
    "looks true": "True",
    "looks like YAML's true": "yes",
    "looks like null": "null",
    "looks like a number": "1e3",
    "looks like a long number": "0" * 30 + "7",
    "looks like a time": "2026-11-24",
    "YAML object": "!!python/object/apply:os.system ['touch FILE']",
    "YAML anchor": "&a [*a, *a]",
    "YAML document": "---\nname: other\n...\n- item: {",
    "YAML merge": "<<: *default",
    # HTML and XML
    "HTML script": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "HTML attribute": '" onmouseover="alert(1)" x=\'` autofocus onfocus=alert(1)',
    "HTML elements closed": "</title></style></textarea></script></td></table><!--<svg onload=alert(1)>",
    "HTML entities": "&lt;b&gt; &#60;b&#62; &amp;lt; &notanentity; &#x3C;script&#x3E;",
    "HTML link": '<a href="javascript:alert(1)">here</a> javascript:alert(1) data:text/html,<b>',
    "HTML loads": "<base href=//evil.example><link rel=stylesheet href=//x><meta http-equiv=refresh content=0>",
    "CSS": "} body { background: url(//evil.example) } @import '//evil.example';",
    "XML sections": "]]> <![CDATA[ x ]]> <?xml version='1.1'?> <!DOCTYPE x [<!ENTITY e SYSTEM 'file:///x'>]> &e;",
    "XML control characters": "a\x01b\x08c\x0bd\x0ce\x1ff\x7fg\ufffeh\uffffi",
    "JUnit closed": '"/></testcase></testsuite></testsuites><testcase name="forged"/>',
    # Markdown
    "Markdown link": "[here](javascript:alert(1)) [b](//evil.example 'c') [d]: //evil.example\n\n[d]",
    "Markdown image": "![x](https://evil.example/x.png) ![y][z]",
    "Markdown table": "a | b || c \\| d\n| --- | --- |\n| forged | row |",
    "Markdown code": "`a` ``b`` ```\nfence\n``` ~~~ $x$ $$y$$",
    "Markdown heading": "# heading\n\n## heading\nheading\n===\n> quote\n\n---\n- [x] item\n1. one",
    "Markdown autolink": "<https://evil.example> https://evil.example www.evil.example evil@evil.example",
    "Markdown with HTML": "**b** _i_ ~~s~~ <details open><summary>x</summary></details> <br>",
    "Markdown footnote": "a[^1]\n\n[^1]: footnote\n*[HTML]: abbreviation",
    "Markdown mention": "@everyone #1 !2 &3 $4 %5 ~6 GH-7 :smile: 0123456789012345678901234567890123456789",
    # spreadsheets
    "formula": "=cmd|' /C touch FILE'!A0",
    "formula with a plus": "+7*191",
    "formula with a minus": "-7*191+HYPERLINK(1)",
    "formula with an at sign": "@SUM(7*191)",
    "formula after a tab": "\t=7*191",
    "formula after a carriage return": "\r=7*191",
    # terminals
    "ANSI colour and screen": "\x1b[31mred\x1b[2J\x1b[1;1Hhome\x1b[8mhidden\x1b[0m",
    "ANSI window title and question": "\x1b]0;title\x07\x1b[21t\x1b[6n\x1bP$q\x1b\\\x1bc",
    "ANSI link": "\x1b]8;;https://evil.example\x1b\\here\x1b]8;;\x1b\\",
    "ANSI clipboard": "\x1b]52;c;dG91Y2ggRklMRQ==\x07",
    "C1 controls": "\x9b31mred\x9b2J\x9d52;c;dG91Y2g=\x9c\x90q\x9c\x85",
    "backspaces": "failed\b\b\b\b\b\bok    \x7f\x7f",
    # lines of a log
    "line breaks": "one\ntwo\r\nthree\rfour\vfive\fsix\x1cseven\x1deight\x1enine\x85ten\u2028eleven\u2029twelve",
    "forged lines of Ansible": "x\nok: [localhost]\n\nPLAY RECAP ***\nlocalhost : ok=9 changed=0 failed=0\n",
    "GitHub commands": "\n::error::forged\n::set-output name=x::1\n::add-mask::x\n##[set-output name=x;]1",
    "GitHub commands after another line break": "\r::error::a\u2028::error::b\x85::error::c\v::error::d",
    "GitLab section": "\x1b[0Ksection_start:1:forged[collapsed=true]\r\x1b[0Kforged\nsection_end:1:forged\r",
    "Azure commands": "##vso[task.setvariable variable=x]1 ##[error]forged\n##vso[task.complete result=Succeeded;]",
    "TeamCity messages": "##teamcity[buildStatus status='SUCCESS'] \n##teamcity[testFailed name='x']",
    # Unicode
    "NUL": "a\x00b\x00",
    "lone surrogates": "a\ud800b\udfffc\udc9b31m",
    "right to left": "\u202egnp.exe\u202c \u2067x\u2069 \u200f\u200e\u061c \u05d0\u05d1",
    "invisible": "a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg\u180eh\U000e0041i",
    "homoglyphs": "\u0430dmin p\u0430ypal \uff1cscript\uff1e \uff5b\uff5b 7*191 \uff5d\uff5d \u2024\u2024/",
    "combining storm": "Z" + "\u0317\u0353\u0348\u0300\u0489" * 100 + "algo",
    "beyond the first plane": "\U0001f600\U0001f468\u200d\U0001f469 \U0010ffff \ue000 \u0378",
    # sizes
    "a mebibyte": "<{ 7*191 " * (2**20 // 9),
    "one letter": "x",
    "nothing": "",
    "spaces": "   ",
    "white space": " \t\n \u00a0\u3000 ",
    # paths, shells, format strings
    "path": "../../../../etc/passwd",
    "path of another system": "..\\..\\CON:x%00 %2e%2e%2f file:///etc/passwd ~root",
    "shell": "$(touch FILE); touch FILE | touch FILE && `touch FILE` > FILE",
    "shell in quotes": "'; touch FILE; '\" && touch FILE #\n touch FILE",
    "shell option": "--extra-vars=@/etc/passwd -rf",
    "format string": "%s %d %n %(x)s {} {0} {0.__class__} {x!r} %%",
    "SQL and LDAP": "' OR 1=1 --; DROP TABLE cases; *)(uid=*))(|(uid=*",
    "query": "x&tenantid=1#y=%26&status=New,Resolved;a=b",
    "header": "x\r\nSet-Cookie: a=b\r\n\r\n<b>",
    "many words": "test " * 300 + "!",
    "many blanks": " " * 5000 + "x",
    "many letters": "a" * 5000 + "!",
}

# Names of fields that Ansible, or Jinja, gives a meaning of its own, beside one of no meaning
KEYS = (
    *("_ansible_no_log", "_ansible_verbose_override", "_ansible_delegated_vars", "_ansible_item_label", "item"),
    *("ansible_facts", "ansible_connection", "ansible_become", "ansible_python_interpreter", "add_host", "add_group"),
    *("invocation", "exception", "failed", "changed", "skipped", "unreachable", "rc", "msg", "stdout", "results"),
    *("warnings", "deprecations", "diff", "censored", "attempts", "finished", "ansible_job_id", "_ansible_parsed"),
    *("__ansible_type", "__ansible_unsafe", "__ansible_vault", "__jinja_template", "ansible_stats", "no_log", "vars"),
    *("items", "keys", "values", "get", "__class__", "{{ 7*191 }}", "a\nb", "plain"),
)

# Where a case holds a text: the places of a listing, and those that belong to a case
LISTED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "case name": lambda case: case["name"],
    "tag": lambda case: sorted(case["tags"]),
    "description": lambda case: case["description"],
    "tenant name": lambda case: case["tenant_name"],
    # Of a person without a name the platform shows the id.
    "name of the assignee": lambda case: case["assignee_name"] or case["assignee"],
}
PLACES = {
    **LISTED,
    "name of who changed the case": lambda case: case["modified_by_name"] or case["modified_by"],
    "summary": lambda case: case["summary"],
    "comment": lambda case: case["comments"],
    # The simulator adds the tenant's name.
    "field of an alert": lambda case: {**case["alerts"][0]["_source"], "tenant_name": ""},
    "observable": lambda case: case["observables"],
    "score": lambda case: case["scores"],
    "activity": lambda case: case["activities"],
}

# What a line of a log begins with, after blanks, if a pipeline's runner is to act upon it
_COMMAND = re.compile(r"\s*(::[a-z-]+|##\[|##vso\[|##teamcity\[|section_(start|end):)", re.IGNORECASE)
# Two of them act wherever they stand in a line.
_COMMAND_ANYWHERE = re.compile(r"##(vso|teamcity)?\[", re.IGNORECASE)
# Characters that steer a terminal, end a line or change the direction or the look of what follows
_STEERING = ("Cc", "Cf", "Cs", "Zl", "Zp")


EVALUATED = re.compile(r"\b1337\b")


def texts(file: Path | str) -> dict[str, str]:
    """The table, with the path of the file that shows that something was executed."""
    return {name: text.replace("FILE", str(file)) for name, text in TEXTS.items()}


def as_read(value: Any) -> Any:
    """What the collection makes of an answer: what can't be printed, or would be dropped, differs."""
    if isinstance(value, str):
        # half a surrogate pair
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [as_read(item) for item in value]
    if isinstance(value, dict):
        return {
            as_read(f"stellar{key}" if key.startswith(("_ansible_", "__ansible_")) else key): as_read(item)
            for key, item in value.items()
        }
    return value


def steering(text: str) -> list[str]:
    """The characters of a text that do something to a terminal or a reader's eye, line feeds not counted."""
    return [char for char in text if char != "\n" and unicodedata.category(char) in _STEERING]


def forged(text: str) -> list[str]:
    """The lines of a text that a pipeline's runner takes for commands."""
    return [line for line in re.split("[\r\n]", text) if _COMMAND.match(line)]


def commands(message: str) -> list[str]:
    """What in a message a pipeline's runner takes for commands, wherever it stands."""
    return forged(message) + _COMMAND_ANYWHERE.findall(message)


def platform(held: dict[str, str]) -> list[dict[str, Any]]:
    """Cases for the simulator, one for each text, with the text wherever the platform keeps what somebody wrote."""
    return [_case(number, text) for number, text in enumerate(held.values())]


def case_id(number: int) -> str:
    return f"{number:024x}"


def _case(number: int, text: str) -> dict[str, Any]:
    # One large text in all places would make a test of patience.
    short = text[:10_000]
    created = 1_660_000_000_000 + number * 1000
    special = {key: {"value": short, "_ansible_no_log": True} for key in KEYS} if number == 0 else {}
    return {
        "_id": case_id(number),
        "ticket_id": 800_000 + number,
        "name": text,
        "tags": ["hostile", *([short] if short and as_read(short) == short else [])],
        "description": short,
        "status": "New",
        "severity": "Low",
        "cust_id": f"{0xC0_0000 + number:032x}",
        "tenant_name": short,
        "assignee": f"{0xA0_0000 + number:032x}",
        "assignee_name": short,
        "modified_by": f"{0xB0_0000 + number:032x}",
        "modified_by_name": short,
        "created_at": created,
        "modified_at": created,
        "summary": short,
        "comments": [{"_id": "c", "comment": short, "user": short, "created_at": created}],
        "alerts": [{"_id": f"a{number}", "_source": {short: short, **special}}],
        "size": 1,
        "observables": {short: [{"hostname": short, short: short}], **special},
        "scores": [{"reasons": [{"reason": short}], **special}],
        "activities": [{"field": short, "from": short, "to": [short, short], **special}],
    }
