"""A login side, an app and an operator at the gateway of `make demo`, through the Python SDK."""

import hashlib
import os
import secrets
from pathlib import Path
from urllib.parse import urlencode

from endsession_client import AuthenticatedClient, Client
from endsession_client.api.deliveries import list_deliveries
from endsession_client.api.logout import end_session
from endsession_client.api.sessions import join_session, put_session
from endsession_client.models import DeliveryPage, LogoutForm, Participant, Session, SessionRegistration

URL = os.environ.get("ENDSESSION_URL", "http://localhost:8080")
TOKEN = Path(".demo/management.token").read_text()
ID_TOKEN = Path(".demo/authpi.hint").read_text()  # an app keeps the ID token of each user's session
END_SESSION = URL.replace("localhost", "login.localhost") + "/demo/end-session"  # as the provider announces it
BACK = URL.replace("localhost", "calendar.localhost") + "/signed-out"
JSON = {"Accept": "application/json"}

with AuthenticatedClient(URL, TOKEN, headers=JSON) as management, Client(URL, headers=JSON) as client:
    # The login side: somebody signs in, and then an app gets an ID token.
    sid, cookie = secrets.token_urlsafe(16), secrets.token_urlsafe(32)
    digest = hashlib.sha256(cookie.encode()).hexdigest()
    put_session.sync("demo", sid, client=management, body=SessionRegistration(sub="alice", cookie_sha256=[digest]))
    session = join_session.sync("demo", sid, client=management, body=Participant("calendar"))
    if not isinstance(session, Session):
        raise SystemExit(f"The session is not registered: {session}")
    print("registered:", session.state, [participant.client_id for participant in session.clients])

    # The app: where to send the user's browser to log out.
    parameters = LogoutForm(id_token_hint=ID_TOKEN, post_logout_redirect_uri=BACK, state="xyz")
    link = f"{END_SESSION}?{urlencode(parameters.to_dict())}"
    print("logout link:", link[:65] + "...")

    # An app without a browser: the ID token says whose session ends. The redirect is handed over, not followed.
    out = end_session.sync_detailed(
        "demo", client=client, id_token_hint=ID_TOKEN, post_logout_redirect_uri=BACK, state="xyz"
    )
    print("logged out:", out.status_code, out.headers.get("location"))

    # The operator: who has been told?
    ledger = list_deliveries.sync("demo", client=management, client_id="calendar")
    if not isinstance(ledger, DeliveryPage):
        raise SystemExit(f"The ledger cannot be read: {ledger}")
    for delivery in ledger.deliveries:
        print("ledger:", delivery.client_id, delivery.state, f"after {len(delivery.attempts)} attempt(s)")
