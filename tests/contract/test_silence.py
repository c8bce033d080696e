"""Nothing that was sent comes back in an error, and no token reaches a log, at whatever level it is kept.

connexion's own 400 repeats the whole submitted value, in the answer and twice in the log; uvicorn's access log has the
query. Neither is left on.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any
from urllib.parse import quote, unquote

import pytest

from tests.kit.deployment import TOKEN, Deployment, cookie_of
from tests.kit.flow import AUTHPI, HTML, JSON, PING, PLAIN, browser_cookie, form_of
from tests.kit.logs import whole_log
from tests.kit.raw import FORM, Answer, ask
from tests.kit.tokens import id_token, sign

MARK = "s3cret-mark"


MALFORMED = [
    f"id_token_hint={MARK}&id_token_hint={MARK}",
    f"id_token_hint={MARK}&state={MARK}%00",
    f"id_token_hint={MARK}&state={MARK * 400}",
    f"id_token_hint={MARK}&post_logout_redirect_uri=https://{MARK}.example/%0a",
    f"id_token_hint={MARK}%ff",
    f"id_token_hint={MARK}",
    f"id_token_hint={MARK}.{MARK}.{MARK}",
    f"id_token_hint={quote(id_token(iss=f'https://{MARK}.example'))}&state={MARK}",
    f"id_token_hint={quote(id_token(aud=MARK))}&client_id={MARK}",
    f"id_token_hint={quote(id_token())}&client_id={MARK}",
    f"id_token_hint={quote(id_token())}&post_logout_redirect_uri=https://{MARK}.example/",
    f"client_id={MARK}&post_logout_redirect_uri=https://{MARK}.example/",
    f"post_logout_redirect_uri=javascript:alert('{MARK}')&client_id=web",
    f"logout_hint={MARK}&ui_locales={MARK}&state={MARK}&state={MARK}",
    "&".join(f"{MARK}{number}={MARK}" for number in range(101)),
    f"{MARK}={'x' * 70_000}",
]


@pytest.mark.parametrize("accept", [HTML, JSON, "*/*"])
@pytest.mark.parametrize("path", [AUTHPI, PING, PLAIN])
@pytest.mark.parametrize("fields", MALFORMED, ids=lambda fields: fields[:40])
async def test_an_answer_repeats_nothing(
    shared: Deployment, everything_logged: pytest.LogCaptureFixture, path: str, accept: str, fields: str
) -> None:
    """Neither the body, nor a header, nor a record of any logger at DEBUG holds any part of a malformed request.

    This holds for refusals and for the pages of a policy that asks or has nothing to end.
    """
    headers = [
        ("cookie", f"op_session={MARK}; {MARK}={MARK}"),
        ("referer", f"https://{MARK}.example/"),
        ("user-agent", MARK),
    ]
    for answer in (
        await ask(shared.app, "GET", f"{path}?{fields}", accept=accept, headers=headers),
        await ask(shared.app, "POST", path, form=fields, accept=accept, headers=headers),
    ):
        assert answer.status != 303  # which would have to repeat `state`
        repeats_nothing(answer, MARK, id_token())
    log = whole_log(everything_logged)
    assert "endsession.access" in log
    assert MARK not in log
    assert id_token().split(".")[1] not in log


def repeats_nothing(answer: Answer, *secrets: str) -> None:
    """Fails for an answer that holds a secret, as it is or encoded: what a handle carries has to be sealed."""
    words = re.findall(r"[A-Za-z0-9_-]{16,}", unquote(answer.everything))
    decoded = b" ".join(urlsafe_b64decode(word + "=" * (-len(word) % 4)) for word in words if len(word) % 4 != 1)
    for secret in secrets:
        assert secret.upper() not in unquote(answer.everything).upper()
        assert secret.encode() not in decoded


def test_what_is_only_encoded_is_found() -> None:
    """The search sees a secret in a handle that is base64url, and a percent-encoded one in a header."""
    for text in (f"?handle={urlsafe_b64encode(f'a page {MARK}'.encode()).decode()}", quote(f'"{MARK}"'), MARK.upper()):
        with pytest.raises(AssertionError):
            repeats_nothing(Answer(303, (("location", text),), b""), MARK)


@pytest.mark.parametrize("accept", [HTML, JSON])
@pytest.mark.parametrize("path", [PING, PLAIN])
async def test_what_travels_through_the_browser_is_sealed(gateway: Deployment, path: str, accept: str) -> None:
    """A request that is parked, asked about, or to be confirmed elsewhere carries nothing that can be read (T23)."""
    await gateway.register()
    hint = id_token(sub=MARK, sid=f"s-{MARK}")
    form = f"id_token_hint={hint}&client_id=web&post_logout_redirect_uri=https://app.example/signed-out&state={MARK}"
    for cookie in ("", cookie_of()):
        answer = await ask(gateway.app, "POST", path, form=form, accept=accept, headers=[("cookie", cookie)])
        if not cookie and accept == JSON:
            continue  # nobody is signed in there: a redirect to the app, with its state
        assert "handle" in answer.everything
        repeats_nothing(answer, MARK, hint, "cookie-of-s-alice")


@pytest.mark.parametrize(
    "body",
    [
        f'{{"sub": 5, "{MARK}": "{MARK}"}}',
        f'{{"sub": "{MARK}", "user_label": 5}}',
        f'{{"sub": "alice", "cookie_sha256": ["{MARK}"]}}',
        f'{{"sub": "alice", "clients": [{{"client_id": "{MARK}"}}]}}',
        f'{{"sub": "alice", "clients": [{{"client_id": "web", "{MARK}": 1}}]}}',
        f'{{"sub": "{MARK}"',
        f'{{"{MARK}": 1, "{MARK}": 2}}',
        f'"{MARK}"',
    ],
)
async def test_an_error_repeats_nothing_of_json(
    shared: Deployment, everything_logged: pytest.LogCaptureFixture, body: str
) -> None:
    """Members and their values stay where they came from."""
    headers = [("content-type", "application/json")]
    answer = await ask(shared.app, "PUT", "/acme/sessions/s-1", headers=headers, body=body.encode(), token=TOKEN)
    assert answer.status in (400, 422)
    assert MARK not in answer.everything
    assert MARK not in whole_log(everything_logged)


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("GET", f"/{MARK}/end-session", {}),
        ("GET", f"/{MARK}/{MARK}/{MARK}", {"accept": HTML}),
        ("GET", f"/acme/logout/status/{MARK}", {}),
        ("GET", f"/acme/logout/resume?handle={MARK}", {"accept": HTML}),
        ("GET", f"/acme/sessions/{MARK}", {"token": TOKEN}),
        ("GET", "/acme/sessions/s-1", {"token": MARK}),
        ("GET", "/acme/sessions/s-1", {"headers": [("authorization", f"{MARK} {MARK}")]}),
        ("PATCH", f"/{MARK}/logout", {"accept": HTML}),
        ("GET", PLAIN, {"host": f"{MARK}.example"}),
        ("GET", PLAIN, {"host": f"{MARK}.example", "accept": HTML}),
        ("POST", PLAIN, {"headers": [("content-type", MARK)], "body": MARK.encode()}),
        ("POST", PLAIN, {"headers": [("content-type", f"{FORM}; charset={MARK}")], "body": MARK.encode()}),
        ("POST", "/acme/logout/confirm", {"form": f"handle={MARK}&decision=yes", "accept": HTML}),
        ("POST", "/acme/logout/confirm", {"form": f"handle=x&decision={MARK}"}),
        (MARK.upper(), PLAIN, {}),
    ],
)
async def test_an_error_repeats_nothing_of_the_rest(
    shared: Deployment, everything_logged: pytest.LogCaptureFixture, method: str, path: str, options: dict[str, Any]
) -> None:
    """Nor does one of a path, a handle, a token, a host, a media type or a method."""
    answer = await ask(shared.app, method, path, **options)
    assert 400 <= answer.status < 500
    assert MARK not in answer.everything
    assert MARK not in whole_log(everything_logged)


@pytest.mark.parametrize("path", [AUTHPI, PING, PLAIN])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_logout_leaves_no_token_in_the_log(
    gateway: Deployment, everything_logged: pytest.LogCaptureFixture, method: str, path: str
) -> None:
    """T23: a hint that worked is in no log either, nor the cookie, nor the state."""
    await gateway.register()
    hint = id_token()
    fields = f"id_token_hint={hint}&post_logout_redirect_uri=https://app.example/signed-out&state={MARK}"
    headers = [("cookie", cookie_of())]
    everything_logged.clear()
    if method == "GET":
        answer = await ask(gateway.app, method, f"{path}?{fields}", headers=headers)
    else:
        answer = await ask(gateway.app, method, path, form=fields, headers=headers)
    assert answer.status == 303
    log = whole_log(everything_logged)
    for secret in (*hint.split("."), MARK, "cookie-of-s-alice"):
        assert secret not in log


async def test_a_question_leaves_no_handle_in_the_log(
    gateway: Deployment, everything_logged: pytest.LogCaptureFixture
) -> None:
    """Someone who reads the log cannot answer for the user."""
    await gateway.register()
    page = await gateway.get(PLAIN, {"client_id": "web", "state": MARK}, cookie=cookie_of(), accept=HTML)
    action, handle = form_of(page)
    everything_logged.clear()
    for decision in ("", "no"):
        form = f"handle={handle}" + (f"&decision={decision}" if decision else "")
        answer = await ask(
            gateway.app, "POST", action, form=form, headers=[("cookie", browser_cookie(page))], accept=HTML
        )
        assert answer.status == 200
    assert handle not in whole_log(everything_logged)
    assert browser_cookie(page).partition("=")[2] not in whole_log(everything_logged)
    assert MARK not in whole_log(everything_logged)


async def test_a_hint_with_odd_claims_leaves_none_of_them_in_the_log(
    shared: Deployment, everything_logged: pytest.LogCaptureFixture
) -> None:
    """Reasons for a refusal are given in our own words, whatever stands in the token or in its header."""
    tokens = [
        sign({"iss": MARK, "sub": MARK, "aud": MARK}),
        sign({"iss": "https://login.example/acme", "aud": "web", "sub": [MARK], "exp": MARK, "iat": MARK}),
        sign({"iss": "https://login.example/acme"}, header={"kid": MARK}),
        sign({"iss": "https://login.example/acme"}, header={"typ": MARK, "crit": [MARK], MARK: MARK}),
        sign(b'["' + MARK.encode() + b'"]'),
    ]
    for token in tokens:
        answer = await ask(shared.app, "GET", f"{AUTHPI}?id_token_hint={token}")
        assert answer.status in (400, 401)
        assert MARK not in answer.everything
    assert MARK not in whole_log(everything_logged)
