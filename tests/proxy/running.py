"""Published proxies, each with a configuration that `endsession proxy` has printed."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kit.servers import wait_for_port
from tests.lab.process import program

_NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr info;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {file};
}}
"""


def _command(proxy: str, folder: Path, text: str) -> list[str]:
    if proxy == "nginx":
        (folder / "routing.conf").write_text(text)
        (folder / "nginx.conf").write_text(_NGINX.format(folder=folder, file=folder / "routing.conf"))
        user = ["-g", "user root;"] if os.geteuid() == 0 else []
        return [program("nginx"), "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf"), *user]
    file = folder / {"haproxy": "haproxy.cfg", "caddy": "Caddyfile", "envoy": "envoy.yaml"}[proxy]
    if proxy == "haproxy":
        file.write_text(text)
        return [program("haproxy"), "-db", "-f", str(file)]
    if proxy == "caddy":
        # It would also listen on port 80, to redirect from there.
        file.write_text("{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + text)
        return [program("caddy"), "run", "--config", str(file), "--adapter", "caddyfile"]
    file.write_text(text)
    return [program("envoy"), "-c", str(file), "--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"]


@contextmanager
def running(proxy: str, folder: Path, port: int, text: str) -> Iterator[None]:
    """Run a proxy that listens on `port`; its log is in the folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    log = folder / "log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            _command(proxy, folder, text), cwd=folder, env=environment, stdout=output, stderr=output
        ) as process,
    ):
        try:
            _wait(process, port, log)
            yield
        finally:
            process.terminate()
            process.wait(60)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            wait_for_port(port, 0.1)
        except AssertionError:
            continue
        return
    raise AssertionError(f"the proxy is not up: {log.read_text()}")
