"""A life of a session, told through the Python SDK; prints what was seen as JSON."""

from __future__ import annotations

import json
import os
from urllib.parse import urlencode

from endsession_client import AuthenticatedClient, Client
from endsession_client.api.deliveries import list_deliveries
from endsession_client.api.logout import end_session_post, init_logout, rp_initiated_logout
from endsession_client.api.sessions import get_session, join_session, put_session
from endsession_client.models import (
    DeliveryPage,
    HintedLogoutForm,
    LogoutForm,
    LogoutResult,
    OAuthError,
    Participant,
    Session,
    SessionRegistration,
)

URL, TOKEN, SID, HINT = (os.environ[name] for name in ("URL", "TOKEN", "SID", "HINT"))
BACK = "https://app.example/signed-out"
JSON, PAGES = {"Accept": "application/json"}, {"Accept": "text/html"}
seen: dict[str, object] = {}

with (
    AuthenticatedClient(URL, TOKEN, headers=JSON) as management,
    AuthenticatedClient(URL, "wrong", headers=JSON) as impostor,
    Client(URL, headers=JSON) as browser,
    Client(URL, headers=PAGES) as reader,
):
    registration = SessionRegistration(sub="alice", user_label="Alice", idle_seconds=600.5)
    registered = put_session.sync_detailed("acme", SID, client=management, body=registration)
    assert isinstance(registered.parsed, Session)
    seen["registered"] = [registered.status_code, registered.parsed.state, registered.parsed.began_at]

    joined = join_session.sync("acme", SID, client=management, body=Participant("web"))
    assert isinstance(joined, Session)
    seen["joined"] = [client.client_id for client in joined.clients]

    question = rp_initiated_logout.sync("acme", client=browser, id_token_hint=HINT)
    assert isinstance(question, LogoutResult)
    seen["question"] = [question.status, isinstance(question.confirm_url, str)]

    page = rp_initiated_logout.sync_detailed("acme", client=reader)
    seen["page"] = [page.status_code, page.parsed, page.content[:15].decode()]

    wrong = init_logout.sync_detailed(client=browser, state="\x01")
    seen["refused with a page"] = [wrong.status_code, wrong.parsed, wrong.content[:15].decode()]

    refused = end_session_post.sync_detailed(
        "acme",
        client=browser,
        body=HintedLogoutForm(id_token_hint=HINT, post_logout_redirect_uri="https://evil.example/"),
    )
    assert isinstance(refused.parsed, OAuthError)
    seen["refused"] = [refused.status_code, refused.parsed.error]

    form = HintedLogoutForm(id_token_hint=HINT, post_logout_redirect_uri=BACK, state="a b&c")
    out = end_session_post.sync_detailed("acme", client=browser, body=form)
    seen["out"] = [out.status_code, out.headers["location"]]

    ended = get_session.sync("acme", SID, client=management)
    assert isinstance(ended, Session)
    seen["ended"] = [ended.state, ended.end_reason]

    ledger = list_deliveries.sync("acme", client=management, client_id="web")
    assert isinstance(ledger, DeliveryPage)
    seen["ledger"] = [
        [delivery.sid, delivery.client_id, delivery.channel, delivery.state, len(delivery.attempts)]
        for delivery in ledger.deliveries
    ]

    late = join_session.sync_detailed("acme", SID, client=management, body=Participant("web"))
    assert isinstance(late.parsed, OAuthError)
    seen["late"] = [late.status_code, late.parsed.error]

    stranger = get_session.sync_detailed("acme", SID, client=impostor)
    assert isinstance(stranger.parsed, OAuthError)
    seen["stranger"] = [stranger.status_code, stranger.parsed.error]

    parameters = LogoutForm(id_token_hint=HINT, post_logout_redirect_uri=BACK, state="a b&c")
    seen["url"] = f"{URL}/acme/end-session?{urlencode(parameters.to_dict())}"

    for _ in range(50):
        limited = rp_initiated_logout.sync_detailed("acme", client=browser)
        if limited.status_code == 429:
            assert isinstance(limited.parsed, OAuthError)
            seen["limited"] = [limited.parsed.error, int(limited.headers["retry-after"]) > 0]
            break

print(json.dumps(seen))
