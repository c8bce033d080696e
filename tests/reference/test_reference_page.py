"""The document as it is served: as YAML and JSON that say the same, and as a page for people who write clients."""

from __future__ import annotations

import copy
import json
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from endsession.contract.added_paths import merge, shipped
from endsession.contract.document import METHODS, checked_document
from endsession.reference.outline import outline
from endsession.reference.page import reference_page
from tests.kit.deployment import DOCUMENT, TOKEN, deploy
from tests.kit.flow import HTML

URL = "https://login.example"
SWITCHED_ON = {"server": {"docs": True}}
VOID = {"meta", "br", "hr", "img", "input", "link"}


class Reader(HTMLParser):
    """Collects what a browser would act upon, and whether every element is closed where it was opened."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.elements.add(tag)
        self.attributes |= set(found)
        self.ids += [found["id"]] if found.get("id") else []  # type: ignore[list-item]
        self.links += [found["href"]] if found.get("href") else []  # type: ignore[list-item]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, self.getpos()


PAGE = reference_page(outline(DOCUMENT, URL))
READ = Reader(PAGE.html)


def _operations() -> list[dict[str, Any]]:
    return [item[method] for item in DOCUMENT.raw["paths"].values() for method in METHODS if method in item]


def test_the_page_has_every_part_of_the_document() -> None:
    """Each operation, each shared answer and each schema can be linked to, by a name that is there once."""
    responses = [response for operation in _operations() for response in operation["responses"].values()]
    shared = {response["$ref"].rpartition("/")[2] for response in responses if "$ref" in response}
    expected = {
        *(operation["operationId"] for operation in _operations()),
        *(f"answer-{name}" for name in shared),
        *(f"schema-{name}" for name in DOCUMENT.raw["components"]["schemas"]),
        *(f"tag-{tag['name']}" for tag in DOCUMENT.raw["tags"]),
    }
    assert expected <= set(READ.ids)
    assert len(READ.ids) == len(set(READ.ids))


def test_every_link_leads_somewhere() -> None:
    """Within the page, or to the document itself."""
    assert {link for link in READ.links if not link.startswith("#")} == {"openapi.yaml", "openapi.json"}
    assert {link[1:] for link in READ.links if link.startswith("#")} <= set(READ.ids)


def test_the_page_needs_nothing_from_anywhere_and_runs_nothing() -> None:
    """One file: no script, no frame, no picture, no style but its own, whose digest the policy names (T17)."""
    assert READ.elements & {"script", "iframe", "img", "link", "form", "object", "base"} == set()
    assert [name for name in READ.attributes if name.startswith("on") or name in ("src", "style")] == []
    directives = dict(item.partition(" ")[::2] for item in PAGE.csp.split("; "))
    assert directives.pop("style-src").startswith("'sha256-")
    assert set(directives.values()) == {"'none'"}
    assert set(directives) == {"default-src", "base-uri", "frame-ancestors", "form-action"}


def test_what_the_document_says_is_shown_and_not_obeyed() -> None:
    """An operator's own files are merged into the document: no description becomes markup or a script's address."""
    raw = copy.deepcopy(dict(DOCUMENT.raw))
    evil = '<script>x()</script> [a](javascript:x) "quoted" <img src=x onerror=x()>'
    operation = raw["paths"]["/{issuer_id}/logout"]["get"]
    operation |= {"summary": evil, "description": evil}
    raw["components"]["schemas"]["State"] |= {"description": evil, "example": evil}
    raw["components"]["examples"]["Kept"] |= {"summary": evil, "value": {"status": evil}}
    read = Reader(reference_page(outline(checked_document(raw), URL)).html)
    assert read.elements == READ.elements
    assert read.attributes == READ.attributes
    assert not any("javascript" in link for link in read.links)


def test_vendors_are_on_the_page_as_well() -> None:
    """It shows the document that is served: with the endpoints that are switched on."""
    document = merge(DOCUMENT, shipped()["auth0"])
    read = Reader(reference_page(outline(document, URL)).html)
    assert {"auth0Logout", "auth0V2Logout"} <= set(read.ids)


def _from_curl(line: str) -> dict[str, Any]:
    """The request that curl would make of a command line."""
    words = shlex.split(line.replace("\\\n", " "))
    assert words.pop(0) == "curl"
    request: dict[str, Any] = {"headers": {}, "fields": [], "method": None, "get": False, "json": None}
    while words:
        word = words.pop(0)
        if word == "--request":
            request["method"] = words.pop(0)
        elif word == "--get":
            request["get"] = True
        elif word == "--header":
            name, _, value = words.pop(0).partition(": ")
            request["headers"][name] = value.replace("$TOKEN", TOKEN)
        elif word == "--data-urlencode":
            request["fields"].append(tuple(words.pop(0).split("=", 1)))
        elif word == "--json":
            request["json"] = json.loads(words.pop(0))
        else:
            request["url"] = word
    return request


@pytest.mark.usefixtures("backend")
async def test_every_command_line_is_a_request_that_the_contract_takes(tmp_path: Path) -> None:
    """Typed as it stands, with a token, each is answered as documented, and none is refused as malformed.

    What travels through a browser, and an ID token, is no longer good: there a 400 is what a reader would get as well.
    """
    async with deploy(tmp_path, {"issuers": {"acme": {"clients": {"shop": {}}}}}) as running:
        for group in outline(DOCUMENT, URL).groups:
            for operation in group.operations:
                said = _from_curl(operation.curl)
                body = said["json"] is not None or (said["fields"] and not said["get"])
                answer = await running.send(
                    said["method"] or ("POST" if body or operation.method == "POST" else "GET"),
                    said["url"].removeprefix(URL),
                    headers=said["headers"],
                    params=said["fields"] if said["get"] else None,
                    data=dict(said["fields"]) if said["fields"] and not said["get"] else None,
                    json=said["json"],
                )
                assert str(answer.status_code) in {item.status for item in operation.answers}, operation.curl
                if group.name != "logout" and not said["url"].endswith("/id-tokens"):
                    assert answer.status_code not in (400, 401, 403, 405, 415, 422), f"{operation.curl}\n{answer.text}"
                assert urlsplit(said["url"]).netloc == "login.example"


def test_a_command_line_quotes_what_it_has_to() -> None:
    """A URI in an example keeps its ampersand and its apostrophe, whatever shell reads the line."""
    raw = copy.deepcopy(dict(DOCUMENT.raw))
    nasty = "https://app.example/?a=1&b='$(x)'"
    raw["components"]["parameters"]["PostLogoutRedirectUri"]["example"] = nasty
    line = next(
        operation.curl
        for group in outline(checked_document(raw), URL).groups
        for operation in group.operations
        if operation.id == "endSession"
    )
    assert ("post_logout_redirect_uri", nasty) in _from_curl(line)["fields"]


@pytest.mark.parametrize("accept", ["*/*", HTML])
@pytest.mark.usefixtures("backend")
async def test_it_is_off_unless_it_is_switched_on(tmp_path: Path, accept: str) -> None:
    """Production shows no reference by default; where it is on, it comes under its own strict policy."""
    (off := tmp_path / "off").mkdir()
    async with deploy(off) as running:
        answer = await running.get("/docs", accept=accept)
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    (on := tmp_path / "on").mkdir()
    async with deploy(on, SWITCHED_ON) as running:
        answer = await running.get("/docs", accept=accept)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["content-security-policy"] == PAGE.csp
        assert answer.text == PAGE.html


@pytest.mark.usefixtures("backend")
async def test_yaml_and_json_are_the_document(tmp_path: Path) -> None:
    """Both say what is served, and the YAML reads as the file does: blocks of text, nothing by reference."""
    async with deploy(tmp_path) as running:
        text = (await running.get("/openapi.yaml")).text
        assert yaml.safe_load(text) == running.gateway.document.raw
        assert (await running.get("/openapi.json")).json() == running.gateway.document.raw
    assert not re.search(r"(?m)[:-] [&*]\w+$", text)
    long = [line for line in text.splitlines() if len(line) > 125 and not re.search(r"eyJ|gAAAA|^ *\|", line)]
    assert long == []
