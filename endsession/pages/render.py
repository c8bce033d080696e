"""Rendering pages. Values come in; nothing is decided here, and nothing of a request is repeated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from ..protocol.decide import Doubt
from ..protocol.errors import EndsessionError, OutcomeUnknown, StaleHandle
from .csp import form_to_ourselves, page_csp


@dataclass(frozen=True, slots=True)
class Page:
    """A rendered page and the Content-Security-Policy under which it works."""

    html: str
    csp: str


@dataclass(frozen=True, slots=True)
class WayOn:
    """Where a person may go from a page: a registered URL of an app, and the app's name if it may be shown."""

    url: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class AppState:
    """An app that took part in a session, and whether it has been told of its end (`store.deliveries.State`)."""

    client_id: str
    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame that tells one app through the user's browser (Front-Channel Logout 1.0, section 2)."""

    url: str
    name: str


FRAMES_SECONDS = 3
"""How long the page with the frames stays, whatever the apps do. Without script, after the last frame has loaded."""


class Pages:
    """Renders every page. The templates are compiled once."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=PackageLoader("endsession.pages"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        style = (files(__package__) / "templates" / "style.css").read_text()
        script = (files(__package__) / "templates" / "front_channel.js").read_text()
        self._templates.globals |= {"style": style, "script": script}
        self._style, self._script = style, script
        self._csp = page_csp(style=style)

    def question(
        self,
        *,
        action: str,
        handle: str,
        doubt: Doubt,
        app: str | None,
        account: str | None,
        redirect: str | None,
    ) -> Page:
        """Ask whether to log out. `action` takes the answer; `redirect` is where that a yes leads to."""
        html = self._templates.get_template("question.html").render(
            action=action, handle=handle, doubt=doubt, app=app, account=account
        )
        return Page(html, page_csp(style=self._style, form=form_to_ourselves(redirect)))

    def signed_out(
        self, *, account: str | None, way_on: WayOn | None, apps: Sequence[AppState] = (), refresh: str | None = None
    ) -> Page:
        """A session has ended. `apps` are named with their states; while one is pending the page goes to `refresh`."""
        pending = any(app.state == "pending" for app in apps)
        return self._plain(
            "signed_out.html", account=account, way_on=way_on, apps=apps, refresh=refresh if pending else None
        )

    def front_channel(self, *, frames: Sequence[Frame], go_on: str) -> Page:
        """Frames that tell apps; then on to `go_on`, by itself, with and without script."""
        html = self._templates.get_template("front_channel.html").render(
            frames=frames, go_on=go_on, seconds=FRAMES_SECONDS
        )
        frame_urls = [frame.url for frame in frames]
        return Page(html, page_csp(style=self._style, script=self._script, frames=frame_urls))

    def nothing_to_end(self, *, way_on: WayOn | None) -> Page:
        """No session is known that could be ended."""
        return self._plain("nothing_to_end.html", way_on=way_on)

    def kept(self, *, way_on: WayOn | None) -> Page:
        """The user said no."""
        return self._plain("kept.html", way_on=way_on, chosen=True)

    def not_ended(self) -> Page:
        """The session of a status URL is still live."""
        return self._plain("kept.html", way_on=None, chosen=False)

    def error(self, error: EndsessionError, reference: str, way_out: str | None) -> Page:
        """Something went wrong. `reference` finds the request in the log; at `way_out` one can log out anyway."""
        return self._plain(
            "error.html",
            status=error.status,
            stale=isinstance(error, StaleHandle),
            outcome_unknown=isinstance(error, OutcomeUnknown),
            description=error.description,
            reference=reference,
            way_out=way_out,
        )

    def not_passed_on(self, error: EndsessionError, reference: str, *, again: bool) -> Page:
        """A request to the provider behind a front got no response of it. `again` links to the page's own URL."""
        return self._plain(
            "not_passed_on.html",
            later=error.status >= 429,
            again=again,
            description=error.description,
            reference=reference,
        )

    def _plain(self, template: str, **values: object) -> Page:
        return Page(self._templates.get_template(template).render(**values), self._csp)
