"""The gateway's settings, written as an operator would write them: `.demo/endsession.toml`, an example to read."""

from __future__ import annotations

import hashlib
from pathlib import Path

from .parties import ISSUER_ID, App, Parties

STORAGE = "endsession.db"
TOKEN = "management.token"
"""Where the token of the management operations is, for trying them."""

_SETTINGS = """\
# The settings of the demo's gateway. `make demo` writes this file anew each time.

[server]
port = {port}
# How browsers reach the gateway. It stands behind the provider's host name, so that it sees the provider's cookie.
public_url = "{issuer}"
# A reference of all that the gateway can do, at {issuer}/docs.
docs = true

# For `logout-conformance`, which sends more requests than any user; in production leave the default.
[limits]
logout_per_address = "200/second"

[storage]
url = "sqlite:///{storage}"

# The provider tells the gateway of sessions with this token. Only its digest stands here.
[[management.tokens]]
name = "login-service"
sha256 = "{token_sha256}"
issuers = ["{issuer_id}"]
scopes = ["sessions:read", "sessions:write", "deliveries:read"]

# The provider. "{issuer_id}" is its name in the gateway's paths, as in /{issuer_id}/end-session.
[issuers.{issuer_id}]
issuer = "{issuer}"
default = true
# Programs reach the gateway by this name, since not every system knows names below it.
hosts = ["localhost"]
# The keys that sign its ID tokens.
jwks_uri = "{issuer}/jwks.json"
# Its session cookie. "secure" is false only because the demo has no https.
cookie = {{ name = "op_session", secure = false }}
"""

_CLIENT = """
[issuers.{issuer_id}.clients.{app.client_id}]
client_name = "{app.name}"
client_uri = "{app.url}/"
redirect_uris = ["{app.redirect_uri}"]
post_logout_redirect_uris = ["{app.post_logout_redirect_uri}"]
backchannel_logout_uri = "{app.backchannel_logout_uri}"
backchannel_logout_session_required = true
"""


def write(folder: Path, port: int, everybody: Parties) -> Path:
    """Write the settings file and the management token into `folder` and return the file's path."""
    (folder / TOKEN).write_text(everybody.management_token)
    text = _SETTINGS.format(
        port=port,
        issuer=everybody.issuer,
        issuer_id=ISSUER_ID,
        storage=STORAGE,
        token_sha256=hashlib.sha256(everybody.management_token.encode()).hexdigest(),
    )
    file = folder / "endsession.toml"
    file.write_text(text + "".join(map(_client, everybody.apps)))
    return file


def _client(app: App) -> str:
    return _CLIENT.format(issuer_id=ISSUER_ID, app=app)
