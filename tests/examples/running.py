"""The demo as a process of its own, and what it printed."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx2

from .browser import Loopback

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "examples.demo"]
UP_WITHIN = 60
"""Seconds. Far more than the demo needs, so that a busy machine fails no test."""


@dataclass
class Demo:
    """A running demo: its process, its folder, and what it printed until it was up."""

    process: subprocess.Popen[str]
    folder: Path
    text: str

    @property
    def port(self) -> int:
        """Its port, as printed."""
        return int(re.findall(r"http://calendar\.localhost:(\d+)", self.text)[0])

    def url(self, name: str, path: str = "/") -> str:
        """An address of one of its hosts."""
        return f"http://{name}.localhost:{self.port}{path}"

    def curl_lines(self) -> list[list[str]]:
        """The commands to copy, in order, as a shell would split them."""
        joined = self.text.replace("\\\n", " ")
        return [shlex.split(line) for line in joined.splitlines() if line.startswith("curl ")]

    def run(self, command: list[str]) -> httpx2.Response:
        """Send what a curl command would send."""
        return send(command, self.folder)

    def routing(self) -> str:
        """What the printed command writes for the operator's proxy."""
        (line,) = [line for line in self.text.splitlines() if " -m endsession proxy " in line]
        done = subprocess.run(
            shlex.split(line), cwd=self.folder, env=environment(0), check=True, capture_output=True, text=True
        )
        return done.stdout

    def ask(self, path: str) -> dict[str, Any]:
        """What a management operation of the demo's issuer answers, asked with the bearer token of the printed line."""
        line = next(line for line in self.curl_lines() if "/demo/sessions/" in line[1])
        answer = self.run([*line[:1], self.url("login", f"/demo/{path}"), *line[2:]])
        return dict(answer.json())


@contextmanager
def running(folder: Path, port: int = 0) -> Iterator[Demo]:
    """Start the demo in `folder`, wait until it has printed everything, and press Ctrl-C at the end."""
    with (
        (folder / "stderr").open("w") as errors,
        subprocess.Popen(
            COMMAND, cwd=folder, env=environment(port), stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        deadline = threading.Timer(UP_WITHIN, process.kill)
        deadline.start()
        try:
            demo = Demo(process, folder, _until_ready(process))
            deadline.cancel()
            yield demo
        finally:
            deadline.cancel()
            process.send_signal(signal.SIGINT)
            process.wait(UP_WITHIN)


def environment(port: int) -> dict[str, str]:
    """The environment of a demo on `port`; 0 lets the system choose."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PORT": str(port)}


def _until_ready(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line.startswith("Ctrl-C"):
            return text
    raise AssertionError(f"the demo ended before it was up: {text}")


def send(command: list[str], folder: Path) -> httpx2.Response:
    """What curl does with these of its options: -i, -G, -b, -d, --data-urlencode with name@file, -H."""
    url, data, headers, in_query = "", [], {}, False
    rest = iter(command[1:])
    for word in rest:
        match word:
            case "-i":
                pass
            case "-G":
                in_query = True
            case "-b":
                headers["Cookie"] = next(rest)
            case "-H":
                name, _, value = next(rest).partition(": ")
                headers[name] = value
            case "-d":
                data += parse_qsl(next(rest), strict_parsing=True)
            case "--data-urlencode":
                name, _, file = next(rest).partition("@")
                data.append((name, (folder / file).read_text()))
            case _:
                assert word.startswith("http://"), word
                assert not url
                url = word
    headers["Accept"] = "*/*"
    with httpx2.Client(transport=Loopback(), trust_env=False) as http:
        if in_query or not data:
            return http.get(url, params=tuple(data) or None, headers=headers)
        return http.post(url, data=dict(data), headers=headers)
