"""The page with the frames, in Chromium: it goes on by itself, whatever an app does."""

from __future__ import annotations

import queue
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from endsession.pages.render import FRAMES_SECONDS, Frame, Page, Pages
from tests.kit.programs import needs_program
from tests.kit.threaded import Handler, threaded

pytestmark = needs_program("chromium", apt="chromium", why="shows a page to a browser")


@contextmanager
def site(page: Page, elsewhere: str = "<title>here</title>") -> Iterator[tuple[str, queue.Queue[str]]]:
    """Serves the page at `/` as the gateway does, and `elsewhere` at every other path. Yields its address, and what was
    asked for."""
    asked: queue.Queue[str] = queue.Queue()

    class Site(Handler):
        def do_GET(self) -> None:
            asked.put(self.path)
            html = (page.html if self.path == "/" else elsewhere).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(html)))
            if self.path == "/":
                self.send_header("Content-Security-Policy", page.csp)
            self.end_headers()
            self.wfile.write(html)

    with threaded(Site) as port:
        yield f"http://127.0.0.1:{port}", asked


@contextmanager
def browser(url: str, profile: Path) -> Iterator[None]:
    """Chromium without a screen, which has that page open."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", f"--user-data-dir={profile}"]
    with subprocess.Popen(["chromium", *options, url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


def wait_for(asked: queue.Queue[str], path: str) -> None:
    """Return once that path was asked for. Raises queue.Empty when nothing comes for a while."""
    while asked.get(timeout=FRAMES_SECONDS + 12) != path:
        pass


@pytest.mark.parametrize("answers", [True, False])
def test_it_goes_on(tmp_path: Path, answers: bool) -> None:
    """After the apps' answers, and where an app takes the connection and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with site(Page("", "")) as (app, visits):
            frame = f"{app}/frame" if answers else f"http://127.0.0.1:{silent.getsockname()[1]}/frame"
            page = Pages().front_channel(frames=[Frame(frame, "App")], go_on="/on")
            with site(page) as (gateway, asked), browser(gateway, tmp_path):
                wait_for(asked, "/on")
        assert (visits.qsize() > 0) is answers


SIGNS_OUT = """<script>
  localStorage.setItem("token", "x"); localStorage.removeItem("token");
  document.cookie = "app=; Max-Age=0";
  fetch("/signed-out-" + (localStorage.getItem("token") === null), {keepalive: true});
  try { top.location = "/taken-over"; } catch (error) { fetch("/held", {keepalive: true}); }
  const form = document.createElement("form");
  form.action = "/form"; document.documentElement.append(form); form.submit();
  if (open("/popup") === null) fetch("/no-popup", {keepalive: true});
</script>"""
"""What an app's page does to sign out, and what it may not do besides."""


def test_an_app_in_a_frame_signs_out_and_moves_nothing(tmp_path: Path) -> None:
    """Its scripts run and reach its own storage; it cannot navigate the page, submit a form or open a window."""
    with site(Page("", ""), SIGNS_OUT) as (app, visits):
        page = Pages().front_channel(frames=[Frame(f"{app}/frame", "App")], go_on="/on")
        with site(page) as (gateway, asked), browser(gateway, tmp_path):
            seen: set[str] = set()
            while not {"/signed-out-true", "/held", "/no-popup"} <= seen:
                seen.add(visits.get(timeout=FRAMES_SECONDS + 12))
            wait_for(asked, "/on")
            assert {"/form", "/form?", "/popup", "/taken-over"}.isdisjoint(seen | {*visits.queue})
