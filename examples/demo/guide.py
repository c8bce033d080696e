"""What the demo prints: where to click, and lines for curl that work when they are copied."""

from __future__ import annotations

import shlex
from pathlib import Path

from .op import COOKIE
from .parties import Parties
from .sign_ins import SignIns

_CLICKS = """
The demo is up. The gateway's settings are in {settings}.

  1. Open {calendar} and sign in as Alice or Bob.
  2. Open {mail} and sign in: the provider knows you already.
  3. Log out in Calendar. The gateway ends your session, tells Mail, and sends you back to Calendar.
  4. Look at Mail: you are signed out there as well. Sign in: the provider asks who you are.
  5. Open {issuer} and log out there: the gateway asks first, since any site
     could send you to that URL.
"""

_LINES = """
Or copy these lines into another terminal, in this folder. Alice is signed in once for each of the first three.

AuthPI: the ID token says which session ends.

curl -i -G {gateway}/logout \\
  --data-urlencode id_token_hint@{authpi_hint} \\
  -d post_logout_redirect_uri={back} -d state=from-curl

PingFederate: the cookie of the provider says which session ends, and the ID token which app asks.

curl -i {issuer}/idp/init_logout.openid \\
  -b {cookie}={pingfederate_cookie} \\
  --data-urlencode id_token_hint@{pingfederate_hint} -d client_id={client_id} \\
  -d post_logout_redirect_uri={back} -d state=from-curl

OpenID Connect: the plain endpoint, which discovery announces.

curl -i -G {gateway}/end-session \\
  -b {cookie}={plain_cookie} \\
  --data-urlencode id_token_hint@{plain_hint} -d client_id={client_id} \\
  -d post_logout_redirect_uri={back} -d state=from-curl

What became of the first session, as the provider asks for it.

curl {gateway}/sessions/{authpi_sid} \\
  -H "Authorization: Bearer {token}"

What the gateway can do: {issuer}/docs in a browser, or its OpenAPI document.

curl {issuer}/openapi.yaml

Client SDKs for Python, TypeScript and Go, tried on this demo: docs/sdks.md

Ctrl-C ends the demo.
"""


async def guide(everybody: Parties, sign_ins: SignIns, settings: Path) -> str:
    """The text. Signs Alice in once for each endpoint, and leaves the ID tokens next to the settings."""
    values: dict[str, object] = {}
    for name in ("authpi", "pingfederate", "plain"):
        cookie, session = await sign_ins.begin("alice")
        hint = settings.parent / f"{name}.hint"
        hint.write_text(await sign_ins.issue(session, everybody.calendar))
        values |= {
            f"{name}_cookie": cookie,
            f"{name}_sid": session.sid,
            f"{name}_hint": shlex.quote(str(hint)),
        }
    return (_CLICKS + _LINES).format(
        **values,
        settings=settings,
        calendar=everybody.calendar.url,
        mail=everybody.mail.url,
        issuer=everybody.issuer,
        gateway=everybody.gateway,
        back=everybody.calendar.post_logout_redirect_uri,
        client_id=everybody.calendar.client_id,
        token=everybody.management_token,
        cookie=COOKIE,
    )
