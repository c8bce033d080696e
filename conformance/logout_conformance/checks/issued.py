"""Sessions that begin with an ID token: `POST /{issuer_id}/id-tokens`, and Hydra's token hook."""

from __future__ import annotations

from typing import Any

from ..check import Registry, expect, expect_status
from ..context import Context
from ..fixtures import Session

check = Registry()


def _nobody_registered(context: Context) -> Session:
    """A session of a user of its own, that the provider knows and the deployment does not."""
    return Session(context.unique("op"), context.unique("user"))


@check("an ID token begins a session, and joins it", "deployment", "issuer", "key", "token", "clients")
def begins(context: Context) -> None:
    """201, then 200 with the same session, which the app knows by the `sid` of its token; and it can be ended."""
    manage, known = context.fixtures.manage, _nobody_registered(context)
    body = {"id_token": context.fixtures.hint(known), "user_label": "contract-issued"}
    first = manage("POST", "id-tokens", json=body)
    expect_status(first, 201)
    record = first.json()
    context.fixtures.track("registerIdToken", first)
    expect(record.get("state") == "live" and record.get("sub") == known.sub, "it is not the token's session", first)
    sids = [member.get("sid") for member in record.get("clients", [])]
    expect(sids == [known.sid], "the app does not take part by the sid of its token", first)
    again = manage("POST", "id-tokens", json={"id_token": context.fixtures.hint(known)})
    expect_status(again, 200)
    expect(again.json().get("sid") == record.get("sid"), "the same sid is another session", again)
    expect_status(manage("DELETE", f"sessions/{record.get('sid')}"), 200)
    after = manage("POST", "id-tokens", json={"id_token": context.fixtures.hint(known)})
    expect_status(after, 201)
    context.fixtures.track("registerIdToken", after)
    expect(after.json().get("sid") != record.get("sid"), "an ended session came back to life", after)


@check("an ID token that is not good begins nothing", "deployment", "issuer", "key", "token", "clients")
def refused(context: Context) -> None:
    """400 for one of nobody's, 422 for one of a client that is not registered."""
    manage, known = context.fixtures.manage, _nobody_registered(context)
    expect_status(manage("POST", "id-tokens", json={"id_token": "contract.not.a-token"}), 400)
    unknown = context.fixtures.hint(known, aud=context.unique("nobody"))
    expect_status(manage("POST", "id-tokens", json={"id_token": unknown}), 422)
    listed = manage("GET", "sessions", query={"sub": known.sub})
    expect(listed.json().get("sessions") == [], "a session has begun all the same", listed)


@check("Hydra's token hook begins a session and refuses one that ended", "deployment", "issuer", "token", "clients")
def hydra(context: Context) -> None:
    """204, and 403 for a refresh token once the session has ended; 422 for a client that is not registered."""
    manage, known = context.fixtures.manage, _nobody_registered(context)
    assert context.fixtures.app is not None

    def hook(grant: str, client_id: str) -> dict[str, Any]:
        claims = {"sub": known.sub, "ext": {"sid": known.sid}}
        session = {"id_token": {"id_token_claims": claims, "subject": known.sub}}
        return {"session": session, "request": {"client_id": client_id, "grant_types": [grant]}}

    client_id = context.fixtures.app.client_id
    expect_status(manage("POST", "hooks/hydra-token", json=hook("authorization_code", client_id)), 204)
    listed = manage("GET", "sessions", query={"sub": known.sub})
    sids = [str(item.get("sid")) for item in listed.json().get("sessions", [])]
    expect(len(sids) == 1, "its session has not begun", listed)
    expect_status(manage("POST", "hooks/hydra-token", json=hook("refresh_token", client_id)), 204)
    expect_status(manage("DELETE", f"sessions/{sids[0]}"), 200)
    expect_status(manage("POST", "hooks/hydra-token", json=hook("refresh_token", client_id)), 403)
    unknown = hook("authorization_code", context.unique("nobody"))
    expect_status(manage("POST", "hooks/hydra-token", json=unknown), 422)
