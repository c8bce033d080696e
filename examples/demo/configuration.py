"""The gateway's settings, written as an operator would write them: `.demo/endsession.toml`, an example to read."""

from __future__ import annotations

import hashlib
from pathlib import Path

from .parties import CALLS_ID, ISSUER_ID, App, Parties
from .tokens import ALG

STORAGE = "endsession.db"
TOKEN = "management.token"
"""Where the token of the management operations is, for trying them."""
KEYS = "provider.jwks"
"""The public keys of the issuer without a front."""
CALLS_COOKIE = "op_session"
"""Its session cookie."""
COOKIE = "endsession-browser"
"""The cookie by which the gateway knows a browser; with https its name begins with `__Host-`."""

_SETTINGS = """\
# The settings of the demo's gateway. `make demo` writes this file anew each time.

[server]
port = {port}
# How browsers reach the gateway: it is on the provider's host.
public_url = "{issuer}"
# A reference of all that the gateway can do, at {issuer}/docs.
docs = true

# For `logout-conformance`, which sends more requests than any user; in production leave the default.
[limits]
logout_per_address = "200/second"

[storage]
url = "sqlite:///{storage}"

# For `logout-conformance`, the SDKs and the curl lines: the provider and the apps make no management calls. Only the
# token's digest stands here.
[[management.tokens]]
name = "operator"
sha256 = "{token_sha256}"
issuers = ["{issuer_id}", "{calls_id}"]
scopes = ["sessions:read", "sessions:write", "deliveries:read"]

# The provider. "{issuer_id}" is its name in the gateway's paths, as in /{issuer_id}/end-session.
[issuers.{issuer_id}]
issuer = "{issuer}"
default = true
# Programs reach the gateway by this name, since not every system knows names below it.
hosts = ["localhost"]
# Canaille puts no sid into ID tokens, so apps are told which user has signed out.
id_tokens_have_sid = false

# Where the provider itself listens. This one line is all that single logout needs of it: the demo's proxy routes its
# OpenID endpoints through the gateway, which learns from them who is signed in where.
[issuers.{issuer_id}.front]
upstream = "{upstream}"

# For `logout-conformance`: an issuer without a front, whose sessions are registered by calls, with a cookie of its own.
[issuers.{calls_id}]
issuer = "{calls_issuer}"
jwks_file = "{keys}"
cookie = {{ name = "{cookie}", secure = false }}

[issuers.{calls_id}.clients.calendar]
redirect_uris = ["{app.redirect_uri}"]
post_logout_redirect_uris = ["{app.post_logout_redirect_uri}"]
backchannel_logout_uri = "{app.backchannel_logout_uri}"
id_token_signed_response_alg = "{alg}"
"""

_CLIENT = """
[issuers.{issuer_id}.clients.{app.client_id}]
client_name = "{app.name}"
client_uri = "{app.url}/"
redirect_uris = ["{app.redirect_uri}"]
post_logout_redirect_uris = ["{app.post_logout_redirect_uri}"]
backchannel_logout_uri = "{app.backchannel_logout_uri}"
id_token_signed_response_alg = "{alg}"
"""


def write(folder: Path, port: int, everybody: Parties, upstream: str) -> Path:
    """Write the settings file and the management token into `folder` and return the file's path.

    `upstream` is the URL of the provider on this machine.
    """
    (folder / TOKEN).write_text(everybody.management_token)
    text = _SETTINGS.format(
        port=port,
        issuer=everybody.issuer,
        issuer_id=ISSUER_ID,
        storage=STORAGE,
        upstream=upstream,
        calls_id=CALLS_ID,
        calls_issuer=everybody.calls,
        keys=KEYS,
        cookie=CALLS_COOKIE,
        app=everybody.calendar,
        alg=ALG,
        token_sha256=hashlib.sha256(everybody.management_token.encode()).hexdigest(),
    )
    file = folder / "endsession.toml"
    file.write_text(text + "".join(map(_client, everybody.apps)))
    return file


def _client(app: App) -> str:
    return _CLIENT.format(issuer_id=ISSUER_ID, app=app, alg=ALG)
