"""Names that users and apps choose stay text on every page, whatever they look like (T16)."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from endsession.pages import AppState, Frame, Page, Pages, WayOn
from endsession.protocol.errors import InvalidRequest
from tests.kit.deployment import cookie_of, deploy
from tests.kit.flow import HTML, PLAIN, answer
from tests.kit.tokens import id_token

PLAIN_NAME = "Alice"
EVIL = "</strong></p><script>x()</script><img src=x onerror=x()>\" onload='x()' autofocus=\"{{ 7 * 7 }}"
URL = "https://app.example/out"
EVIL_URL = URL + "\"><script>x()</script>' onload=x()"


class Tags(HTMLParser):
    """The tags of a page in order, each with the names of its attributes, and the text between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, ...]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See HTMLParser."""
        self.tags.append((tag, *(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        """See HTMLParser."""
        self.text += data


def pages(name: str, url: str) -> dict[str, Page]:
    """Every page, with `name` and `url` wherever one can stand."""
    made = Pages()
    apps = [AppState("web", name, state) for state in ("delivered", "pending", "failed", "attempted")]
    way_on = WayOn(url, name)
    error = InvalidRequest(name)
    question: dict[str, Any] = {"action": url, "handle": name, "app": name, "account": name, "redirect": URL}
    return {
        "question": made.question(doubt="foreign_hint", **question),
        "signed out": made.signed_out(account=name, way_on=way_on, apps=apps, refresh=url),
        "frames": made.front_channel(frames=[Frame(url, name)], go_on=url),
        "nothing to end": made.nothing_to_end(way_on=way_on),
        "kept": made.kept(way_on=way_on),
        "error": made.error(error, name, url),
        "not passed on": made.not_passed_on(error, name, again=True),
    }


@pytest.mark.parametrize("kind", pages(PLAIN_NAME, URL))
def test_names_and_addresses_add_nothing_to_a_page(kind: str) -> None:
    """The same tags with the same attributes as with harmless values, and the name as it was given among the text."""
    harmless, tried = Tags(pages(PLAIN_NAME, URL)[kind].html), Tags(pages(EVIL, EVIL_URL)[kind].html)
    assert tried.tags == harmless.tags
    if PLAIN_NAME in harmless.text:
        assert EVIL in tried.text


@pytest.mark.usefixtures("backend")
async def test_through_the_gateway(tmp_path: Path) -> None:
    """An account's label and an app's name, on the question and on the page after the yes."""
    changes = {"issuers": {"acme": {"clients": {"web": {"client_name": EVIL}}}}}
    async with deploy(tmp_path, changes) as gateway:
        await gateway.register(user_label=EVIL.replace("{", "(").replace("}", ")"))
        parameters = {"id_token_hint": id_token(sub="bob"), "client_id": "web"}
        question = await gateway.get(PLAIN, parameters, cookie=cookie_of(), accept=HTML)
        after = await answer(gateway, question, "yes", cookie=cookie_of())
    for page in (question, after):
        found = Tags(page.text)
        assert EVIL[:20] in found.text
        assert not {tag for tag, *_ in found.tags} & {"script", "img"}
