"""For each proxy, a configuration that sends exact paths of a host to one server and the rest of it to another.

Written by hand, as the documentation of each proxy has it: what the lab's own tests are run with.
"""

from __future__ import annotations

import json
from collections.abc import Sequence


def nginx(port: int, front: int, provider: int, paths: Sequence[str]) -> str:
    """Exact locations; Host is named, since nginx would send that of the upstream.

    For a location that ends in a slash nginx answers the same path without it by a redirect of its own, even where the
    location is exact; so that path is given to the provider by name.
    """
    headers = "proxy_set_header Host $host; proxy_set_header X-Forwarded-Proto https; proxy_http_version 1.1;"
    targets = dict.fromkeys(paths, front)
    targets |= {path.rstrip("/"): provider for path in paths if path.endswith("/")}
    exact = "\n".join(
        f"location = {path} {{ {headers} proxy_pass http://127.0.0.1:{to}; }}" for path, to in targets.items()
    )
    return f"""
server {{
    listen 127.0.0.1:{port};
    {exact}
    location / {{ {headers} proxy_pass http://127.0.0.1:{provider}; }}
}}
"""


def haproxy(port: int, front: int, provider: int, paths: Sequence[str]) -> str:
    """An ACL on the exact path."""
    return f"""
global
    maxconn 256
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend public
    bind 127.0.0.1:{port}
    http-request set-header X-Forwarded-Proto https
    acl fronted path -m str {" ".join(paths)}
    use_backend front if fronted
    default_backend provider
backend front
    server front 127.0.0.1:{front}
backend provider
    server provider 127.0.0.1:{provider}
"""


def caddy(port: int, front: int, provider: int, paths: Sequence[str]) -> str:
    """A path matcher; without a star it is exact. Caddy keeps Host by itself."""
    upstream = "header_up X-Forwarded-Proto https"
    return f"""
http://:{port} {{
	@fronted path {" ".join(paths)}
	reverse_proxy @fronted 127.0.0.1:{front} {{
		{upstream}
	}}
	reverse_proxy 127.0.0.1:{provider} {{
		{upstream}
	}}
}}
"""


def envoy(port: int, front: int, provider: int, paths: Sequence[str]) -> str:
    """Routes by exact path. It keeps Host by itself, and trusts what is said of the scheme as the edge of TLS would."""

    def cluster(name: str, to: int) -> dict[str, object]:
        address = {"socket_address": {"address": "127.0.0.1", "port_value": to}}
        endpoints = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
        return {
            "name": name,
            "type": "STATIC",
            "connect_timeout": "5s",
            "load_assignment": {"cluster_name": name, "endpoints": endpoints},
        }

    routes = [{"match": {"path": path}, "route": {"cluster": "front"}} for path in paths]
    routes.append({"match": {"prefix": "/"}, "route": {"cluster": "provider"}})
    overwrite = "OVERWRITE_IF_EXISTS_OR_ADD"
    scheme = {"header": {"key": "x-forwarded-proto", "value": "https"}, "append_action": overwrite}
    extensions = "type.googleapis.com/envoy.extensions.filters"
    manager = {
        "@type": f"{extensions}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "public",
        "route_config": {
            "virtual_hosts": [
                {"name": "all", "domains": ["*"], "routes": routes, "request_headers_to_add": [scheme]},
            ]
        },
        "http_filters": [
            {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{extensions}.http.router.v3.Router"}}
        ],
    }
    listener = {
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }
    clusters = [cluster("front", front), cluster("provider", provider)]
    return json.dumps({"static_resources": {"listeners": [listener], "clusters": clusters}})
