"""Chromium without a screen, driven by its DevTools protocol over a pair of pipes."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .programs import needs_program
from .waiting import eventually

needs_chromium = needs_program("chromium", apt="chromium", why="shows pages to a browser")
WITHIN = 30.0
"""Seconds in which Chromium has to answer: far more than it needs, so that a busy machine fails no test."""


@dataclass
class Chromium:
    """A running browser. Each profile has cookies of its own."""

    writer: asyncio.StreamWriter
    version: str = ""
    answers: dict[int, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """A command of the DevTools protocol, and what it results in."""
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        answer = self.answers[number] = asyncio.get_running_loop().create_future()
        self.writer.write(json.dumps(message).encode() + b"\0")
        async with asyncio.timeout(WITHIN):
            said = await answer
        assert "result" in said, (method, said)
        return dict(said["result"])

    async def listen(self, reader: asyncio.StreamReader) -> None:
        """Hand each answer to who waits for it. Nobody here waits for events."""
        while True:
            message = json.loads((await reader.readuntil(b"\0"))[:-1])
            if (answer := self.answers.pop(message.get("id"), None)) and not answer.done():
                answer.set_result(message)

    @contextlib.asynccontextmanager
    async def profile(self) -> AsyncIterator[Profile]:
        """A profile without cookies, for as long as the block."""
        context = (await self.call("Target.createBrowserContext"))["browserContextId"]
        try:
            yield Profile(self, context)
        finally:
            await self.call("Target.disposeBrowserContext", browserContextId=context)


@dataclass
class Profile:
    """What a person has open in one browser."""

    chromium: Chromium
    context: str

    async def tab(self) -> Tab:
        """A new tab, without a page."""
        target = await self.chromium.call("Target.createTarget", url="about:blank", browserContextId=self.context)
        attached = await self.chromium.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        return Tab(self.chromium, attached["sessionId"])

    async def cookies(self, domain: str = "") -> list[dict[str, Any]]:
        """The cookies that the browser has, with all their attributes; of one host or domain, or all."""
        found = await self.chromium.call("Storage.getCookies", browserContextId=self.context)
        return [cookie for cookie in found["cookies"] if cookie["domain"].lstrip(".").endswith(domain)]

    async def names(self, domain: str = "") -> list[str]:
        """The names of the cookies, in order; of two with different places, both."""
        return sorted(cookie["name"] for cookie in await self.cookies(domain))


@dataclass
class Tab:
    """A tab of a profile."""

    chromium: Chromium
    session: str

    async def go(self, url: str) -> str:
        """Go to a page as if its URL had been typed in, and follow redirects; the URL of the page that is shown."""
        moved = await self.chromium.call("Page.navigate", self.session, url=url)
        assert "errorText" not in moved, (url, moved)
        return await self.loaded("")

    async def loaded(self, prefix: str) -> str:
        """Return once a page whose URL begins with `prefix` is shown, with its URL."""
        script = "document.readyState + ' ' + location.href"

        async def look() -> str:
            return str(await self.run(script))

        shown = await eventually(look, lambda state: state.startswith(f"complete {prefix}"), WITHIN)
        return shown.partition(" ")[2]

    async def run(self, script: str) -> Any:
        """Evaluate JavaScript in the page, and wait for what it promises; None where the page changes meanwhile."""
        answer = await self.chromium.call(
            "Runtime.evaluate", self.session, expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        assert "exceptionDetails" not in answer, (script, answer)
        return answer["result"].get("value")


@contextlib.asynccontextmanager
async def chromium(folder: Path, port: int) -> AsyncIterator[Chromium]:
    """Chromium with its files in `folder`; every host is at `port` of this machine, and no certificate is refused."""
    # Profiles of DevTools are incognito, where Chromium blocks cookies in frames of other sites; elsewhere it does not.
    (folder / "Default").mkdir(parents=True)
    (folder / "Default" / "Preferences").write_text(json.dumps({"profile": {"cookie_controls_mode": 0}}))
    # DevTools reads commands from descriptor 3 and writes to 4.
    commands, to_chromium = os.pipe()
    from_chromium, answers = os.pipe()
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--no-first-run",
        "--remote-debugging-pipe",
        "--ignore-certificate-errors",
        f"--host-resolver-rules=MAP * 127.0.0.1:{port}",
        f"--user-data-dir={folder}",
    ]
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        f'exec chromium "$@" 3<&{commands} 4>&{answers}',
        "chromium",
        *options,
        pass_fds=(commands, answers),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    os.close(commands)
    os.close(answers)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 24)
    incoming, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(from_chromium))
    outgoing, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, os.fdopen(to_chromium, "w"))
    running = Chromium(asyncio.StreamWriter(outgoing, protocol, None, loop))
    listening = asyncio.create_task(running.listen(reader))
    try:
        running.version = (await running.call("Browser.getVersion"))["product"]
        yield running
    finally:
        listening.cancel()
        process.terminate()
        await process.wait()
        outgoing.close()
        incoming.close()
