"""docs/vendors.md: its table is the document's, and its example works when it is copied."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from endsession.contract.added_paths import merge, shipped
from endsession.contract.document import METHODS, load_document
from tests.kit.deployment import cookie_of, deploy
from tests.kit.flow import HTML, answer, asks
from tests.kit.tokens import id_token

from .table import ALL, ENDPOINTS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "vendors.md").read_text()


def blocks(language: str) -> list[str]:
    """The blocks of code in that language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def row(vendor: str, path: str) -> tuple[str, ...]:
    """A row of the table, as the vendor's file and the expectations of the tests have it."""
    document = merge(load_document(), shipped()[vendor])
    dialect, item = document.endpoints[path], document.raw["paths"][path]
    assert dialect.name
    endpoint = ENDPOINTS[dialect.name]
    methods = ", ".join(method.upper() for method in METHODS if method in item)
    takes = ", ".join(f"`{endpoint.names.get(name, name)}`" for name in endpoint.takes)
    said = "client" if "client_id" in endpoint.takes else "nothing"
    without = {"asks, live": "asks", "page, ended": "ends", "400 invalid_request, live": "400"}
    return f"`{vendor}`", f"`{dialect.name}`", f"`{path}`", methods, takes, without[endpoint.outcomes[said]]


def test_the_table_is_the_documents() -> None:
    """Every endpoint of every vendor, by name, with its path, methods, parameters, and what it does without a hint."""
    told = {
        tuple(cell.strip() for cell in line.strip("|").split("|")) for line in PAGE.splitlines() if "` | `/" in line
    }
    ours = set(load_document().raw["paths"])
    known = {
        row(vendor, path)
        for vendor, file in shipped().items()
        for path in merge(load_document(), file).raw["paths"]
        if path not in ours
    }
    assert told == known
    assert len(told) == len(ENDPOINTS)


async def test_every_vendor_can_be_switched_on(tmp_path: Path) -> None:
    """The names of the table are those of the files, and all of them at once are served."""
    assert tuple(shipped()) == ALL["server"]["vendors"]
    assert set(tomllib.loads(blocks("toml")[0])["server"]["vendors"]) <= set(shipped())
    async with deploy(tmp_path, ALL) as gateway:
        names = {dialect.name for dialect in gateway.gateway.document.endpoints.values()}
    assert names == {None, "authpi", "pingfederate", *ENDPOINTS}


async def test_the_example_works_when_it_is_copied(tmp_path: Path) -> None:
    """The file and the setting as they stand on the page serve the request of the page, as the vendor's text says."""
    (name,) = re.findall(r"Here it is `([a-z.-]+)`", PAGE)
    (tmp_path / name).write_text(blocks("yaml")[0])
    (request,) = re.findall(r'"(https://login\.example/sso[^"]+)"', blocks("sh")[0])
    url = urlsplit(request)
    async with deploy(tmp_path, tomllib.loads(blocks("toml")[1])) as gateway:
        await gateway.register()
        question = await gateway.get(url.path, parse_qsl(url.query), cookie=cookie_of(), accept=HTML)
        assert asks(question)
        response = await answer(gateway, question, "yes", cookie=cookie_of())
        assert response.headers["location"] == "https://app.example/signed-out"
        await gateway.register("s-2")
        sent = {"token": id_token(sid="s-2"), "app": "web", "back": "https://evil.example/"}
        response = await gateway.get(url.path, sent, cookie=cookie_of("s-2"))
        assert (response.status_code, await gateway.state_of("s-2")) == (200, "ended")
        assert "evil.example" not in response.text
        documented = (await gateway.get("/openapi.json")).json()["paths"]
        assert documented["/sso/{org}/signout"]["get"]["operationId"] == "exampleIdLogout"
