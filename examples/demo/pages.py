"""The demo's pages: plain templates, escaped by Jinja, without scripts."""

from __future__ import annotations

from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from .parties import Parties

_TEMPLATES = Environment(
    loader=PackageLoader("examples.demo"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
}


@dataclass(frozen=True, slots=True)
class Place:
    """One of the demo's apps, as its pages show it. `look` is a class of the style sheet."""

    name: str
    url: str
    look: str


class Pages:
    """The pages of one app, each with a link to the other."""

    def __init__(self, everybody: Parties, look: str) -> None:
        places = [Place(app.name, app.url, app.client_id) for app in everybody.apps]
        self._here = next(place for place in places if place.look == look)
        self._elsewhere = [place for place in places if place is not self._here]

    def page(self, template: str, status: int = 200, **values: object) -> Response:
        """A page made from one of the templates. It is not stored, so that Back never shows somebody who has left."""
        html = _TEMPLATES.get_template(template).render(values, here=self._here, elsewhere=self._elsewhere)
        return HTMLResponse(html, status, _HEADERS)
