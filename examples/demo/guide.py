"""What the demo prints: where to click, and lines for curl that work when they are copied."""

from __future__ import annotations

import hashlib
import secrets
import shlex
import sys
import time
from pathlib import Path

import httpx2

from .configuration import COOKIE
from .parties import USERS, Parties
from .tokens import SigningKey

TOKEN_LIFETIME = 300

_CLICKS = """
The demo is up. The provider is Canaille, as it is published: it has not been changed, and it knows nothing of the
gateway, which stands before its OpenID endpoints. The gateway's settings are in {settings}.

  1. Open {calendar} and sign in at the provider as one of these:
{users}
  2. Open {mail} and sign in: the provider knows you already.
  3. Log out in Calendar. The gateway ends the session, tells Mail, and sends you back to Calendar.
  4. Look at Mail: you are signed out there as well. Sign in: the provider asks for a password, and may be given that
     of the other user.
"""

_LINES = """
Or copy these lines into another terminal, in this folder. The first one shows, for each app, what came of telling it
that a session had ended; it is empty until you log out.

curl "{gateway}/deliveries" \\
  -H "Authorization: Bearer {token}"

The logout endpoints, each with an ID token of Alice that has a sid; no browser is signed in by these.

AuthPI: the ID token says which session ends.

curl -i -G {gateway}/logout \\
  --data-urlencode id_token_hint@{authpi_hint} \\
  -d post_logout_redirect_uri={back} -d state=from-curl

PingFederate: the cookie says which session ends, and the ID token which app asks.

curl -i {issuer}/idp/init_logout.openid \\
  -b {cookie}={pingfederate_cookie} \\
  --data-urlencode id_token_hint@{pingfederate_hint} -d client_id={client_id} \\
  -d post_logout_redirect_uri={back} -d state=from-curl

OpenID Connect: the plain endpoint, which discovery announces.

curl -i -G {gateway}/end-session \\
  -b {cookie}={plain_cookie} \\
  --data-urlencode id_token_hint@{plain_hint} -d client_id={client_id} \\
  -d post_logout_redirect_uri={back} -d state=from-curl

What became of the first of these sessions, and who was told.

curl {gateway}/sessions/{authpi_sid} \\
  -H "Authorization: Bearer {token}"

What the gateway can do: {issuer}/docs in a browser, or its OpenAPI document.

curl {issuer}/openapi.yaml

What the reverse proxy of an operator has to do in place of the demo's:

{python} -m endsession proxy --config {settings} --for nginx

Client SDKs for Python, TypeScript and Go, tried on this demo: docs/sdks.md

Ctrl-C ends the demo.
"""


async def guide(everybody: Parties, key: SigningKey, http: httpx2.AsyncClient, settings: Path) -> str:
    """The text. Registers a session of Alice for each endpoint, and leaves the ID tokens next to the settings."""
    values: dict[str, object] = {}
    for name in ("authpi", "pingfederate", "plain"):
        cookie, hint = secrets.token_urlsafe(16), settings.parent / f"{name}.hint"
        hint.write_text(_id_token(everybody, key))
        values |= {
            f"{name}_cookie": cookie,
            f"{name}_sid": await _register(everybody, http, hint.read_text(), cookie),
            f"{name}_hint": shlex.quote(str(hint)),
        }
    return (_CLICKS + _LINES).format(
        **values,
        settings=shlex.quote(str(settings)),
        python=shlex.quote(sys.executable),
        users="\n".join(f"       {user.sub}   {user.password}" for user in USERS),
        calendar=everybody.calendar.url,
        mail=everybody.mail.url,
        issuer=everybody.issuer,
        gateway=everybody.gateway,
        back=everybody.calendar.post_logout_redirect_uri,
        client_id=everybody.calendar.client_id,
        token=everybody.management_token,
        cookie=COOKIE,
    )


def _id_token(everybody: Parties, key: SigningKey) -> str:
    """One as the provider would issue it to Calendar, if it put `sid` into its ID tokens."""
    now = int(time.time())
    claims = {
        "iss": everybody.issuer,
        "sub": USERS[0].sub,
        "aud": everybody.calendar.client_id,
        "sid": secrets.token_urlsafe(16),
        "iat": now,
        "exp": now + TOKEN_LIFETIME,
        "auth_time": now,
    }
    return key.sign(claims)


async def _register(everybody: Parties, http: httpx2.AsyncClient, id_token: str, cookie: str) -> str:
    """What a login side with code does (`docs/login-side.md`), since no browser signs in here. Returns the `sid`."""
    said = {"id_token": id_token, "cookie_sha256": hashlib.sha256(cookie.encode()).hexdigest()}
    headers = {"Authorization": f"Bearer {everybody.management_token}"}
    answer = await http.post(f"{everybody.gateway}/id-tokens", json=said, headers=headers)
    return str(answer.raise_for_status().json()["sid"])
