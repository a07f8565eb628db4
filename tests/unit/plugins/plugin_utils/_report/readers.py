# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read a rendered report as its readers do: a JUnit parser, a browser, a Markdown renderer."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import markdown_it
import xmlschema

from ansible_collections.stellarcyber.xdr.plugins.plugin_utils._report.render import FORMATS, render

SCHEMA = xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd"))
# Those that people read and that have text of cases; the format text has none
READABLE = [name for name in FORMATS if name in ("junit", "markdown", "html")]


def first_lines(text, format):
    """Return what a reader sees first: of HTML the title and the heading, of JUnit its name."""
    if format == "junit":
        return [Suites(text).root.get("name")]
    if format == "markdown":
        return [squeezed(read_markdown(text.splitlines()[0]).text)]
    return [squeezed(Page(part).text) for part in re.findall(r"<(?:title>.*?</title|h1>.*?</h1)>", text, re.DOTALL)]


class Suites(dict):
    """The tests of each suite by their outcome."""

    def __init__(self, text):
        SCHEMA.validate(text)
        self.root = ElementTree.fromstring(text)
        for suite in self.root:
            by_outcome = {}
            for test in suite.iter("testcase"):
                outcome = test[0].tag if len(test) else "passed"
                by_outcome.setdefault(outcome, []).append(test)
            for attribute, outcome in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
                assert suite.get(attribute) == str(len(by_outcome.get(outcome, ())))
            assert suite.get("tests") == str(len(list(suite.iter("testcase"))))
            self[suite.get("name")] = by_outcome

    def numbers(self):
        return {name: {outcome: len(tests) for outcome, tests in suite.items()} for name, suite in self.items()}


words = re.compile(r"\S+").findall
TAGS = words("""
    html head meta title style body header main footer section article nav div p span small b strong code pre br
    h1 h2 h3 dl dt dd ul li a figure figcaption svg desc text rect details summary table caption thead tbody tr th td
    bdi del ins time path polyline
""")
ATTRIBUTES = words("""
    lang charset http-equiv content name class id role aria-label aria-labelledby href open scope rowspan data-label
    width height x y rx datetime rel aria-hidden viewbox preserveaspectratio d points
""")
VOID = ["meta", "rect", "br", "path", "polyline"]


class Page(HTMLParser):
    """A page's elements, texts and table rows. Fails on what could run or load anything."""

    def __init__(self, text):
        super().__init__()
        self.inside, self.elements, self.texts, self.rows, self.links = [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.inside == []
        self.text = "".join(self.texts)

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    handle_pi = unknown_decl = handle_comment

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, [name for name, _value in attrs]))
        assert tag in TAGS
        assert [name for name, _value in attrs if name not in ATTRIBUTES] == []
        self.links += [value for name, value in attrs if name == "href"]
        assert all(value.startswith(("#", "https://")) for value in self.links)
        if tag == "tr":
            self.rows.append("")
        if tag not in VOID:
            self.inside.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in VOID
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        assert self.inside.pop() == tag

    def handle_data(self, data):
        if "style" in self.inside:
            assert "url(" not in data
            assert "@import" not in data
            return
        if "tr" in self.inside:
            self.rows[-1] += data
        self.texts.append(data)


def read_markdown(text):
    """Return what a reader makes of it, as GitHub and GitLab do: HTML in it is let through."""
    html = markdown_it.MarkdownIt("commonmark").enable("table").render(text)
    return Page(re.sub(' style="text-align:(left|right)"', "", html))


def said(given, format):
    """Return the text of the report; of JUnit its summary."""
    text = render(given, format)
    if format == "junit":
        return Suites(text).root.find("testsuite/properties/property[@name='summary']").get("value")
    return squeezed((Page(text) if format == "html" else read_markdown(text)).text)


def elements_and_texts(text, format):
    if format != "junit":
        page = Page(text) if format == "html" else read_markdown(text)
        return page.elements, page.text
    SCHEMA.validate(text)
    elements = list(ElementTree.fromstring(text).iter())
    texts = [words for element in elements for words in (element.text or "", *element.attrib.values())]
    return [(element.tag, list(element.attrib)) for element in elements], "\n".join(texts)


def squeezed(text):
    return " ".join(text.split())
