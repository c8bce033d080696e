"""Published proxies, each run from a configuration that a test gives, in a folder of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from .process import clean_environment, program, running

Proxy = Callable[[Path, int, str], AbstractContextManager[Path]]
"""From a folder, the port that the configuration listens on, and the configuration; yields the log."""

NGINX = """
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
{text}
}}
"""


def _written(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


@contextmanager
def nginx(folder: Path, port: int, text: str) -> Iterator[Path]:
    """nginx with what stands in its `http` block, which is otherwise as it is without a configuration."""
    conf = _written(folder, "nginx.conf", NGINX.format(folder=folder, text=text))
    # As root it would give its files to another user, who cannot see the folder.
    user = ["-g", "user root;"] if os.geteuid() == 0 else []
    with running([program("nginx"), "-e", "stderr", "-p", str(folder), "-c", conf, *user], port, folder) as log:
        yield log


@contextmanager
def haproxy(folder: Path, port: int, text: str) -> Iterator[Path]:
    """HAProxy with the whole of its configuration."""
    with running([program("haproxy"), "-db", "-f", _written(folder, "haproxy.cfg", text)], port, folder) as log:
        yield log


@contextmanager
def caddy(folder: Path, port: int, text: str) -> Iterator[Path]:
    """Caddy with a Caddyfile's sites. It redirects nothing from port 80, and takes no commands."""
    caddyfile = _written(folder, "Caddyfile", "{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + text)
    environment = clean_environment(XDG_DATA_HOME=str(folder), XDG_CONFIG_HOME=str(folder))
    command = [program("caddy"), "run", "--config", caddyfile, "--adapter", "caddyfile"]
    with running(command, port, folder, environment) as log:
        yield log


@contextmanager
def envoy(folder: Path, port: int, text: str) -> Iterator[Path]:
    """Envoy with the whole of its configuration, in YAML."""
    conf = _written(folder, "envoy.yaml", text)
    command = [program("envoy"), "-c", conf, "--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"]
    with running(command, port, folder) as log:
        yield log


PROXIES: Mapping[str, Proxy] = {"nginx": nginx, "haproxy": haproxy, "caddy": caddy, "envoy": envoy}
"""By name."""
