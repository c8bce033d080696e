"""Keys rotate, and the provider is down for a while, under load: no legitimate hint is refused."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.kit.deployment import cookie_of, deploy
from tests.kit.flow import PLAIN
from tests.kit.provider import Provider, provider
from tests.kit.tokens import id_token, jwks

LOGOUTS = 1000
URI = "https://app.example/signed-out"


@pytest.fixture
async def web() -> AsyncIterator[Provider]:
    """A provider's `jwks_uri`."""
    async with provider() as running:
        yield running


@pytest.mark.slow
async def test_a_thousand_logouts_through_two_rotations(tmp_path: Path, web: Provider) -> None:
    """k1, then k2 alone, then the provider fails, then k3 alone: hints of each key go on being accepted."""
    web.publish(*jwks("RS256", kid="k1")["keys"])
    changes = {"issuers": {"acme": {"jwks": None, "jwks_uri": web.url}}}
    async with deploy(tmp_path, changes) as gateway:
        # A day passes between two rotations, and far more than the least time between two refreshes.
        signed_with = "k1"
        for number in range(LOGOUTS):
            if number == LOGOUTS // 4:
                web.publish(*jwks("RS256", kid="k2")["keys"])
                gateway.clock.advance(86_400)
            if number == LOGOUTS // 2:
                web.status, web.body = "503 Service Unavailable", b"not today"
                gateway.clock.advance(86_400)
            if number == 3 * LOGOUTS // 4:
                web.publish(*jwks("RS256", kid="k3")["keys"])
                gateway.clock.advance(86_400)
            if number % 50 == 0:
                for sid in range(number, number + 50):
                    assert (await gateway.register(f"s{sid}")).status_code == 201
            if number >= LOGOUTS // 4:
                signed_with = ("k1", "k2")[number % 2]
            if number >= 3 * LOGOUTS // 4:
                signed_with = ("k1", "k2", "k3")[number % 3]
            hint = id_token(sid=f"s{number}", kid=signed_with)
            request = {"id_token_hint": hint, "post_logout_redirect_uri": URI}
            response = await gateway.get(PLAIN, request, cookie=cookie_of(f"s{number}"))
            assert response.status_code == 303, (number, signed_with, response.text)
        ended = await gateway.rows("SELECT COUNT(*) FROM sessions WHERE ended_at IS NOT NULL")
        assert ended == [(LOGOUTS,)]


async def test_a_restart_between_rotations_forgets_no_key(tmp_path: Path, web: Provider) -> None:
    """The provider rotates while the gateway is down: a hint of the old key still verifies afterwards."""
    web.publish(*jwks("RS256", kid="k1")["keys"])
    changes = {"issuers": {"acme": {"jwks": None, "jwks_uri": web.url}}}
    async with deploy(tmp_path, changes) as gateway:
        await gateway.register()
        await gateway.get(PLAIN, {"id_token_hint": id_token(kid="k1")})
    web.publish(*jwks("RS256", kid="k2")["keys"])
    async with deploy(tmp_path, changes) as gateway:
        request = {"id_token_hint": id_token(kid="k1"), "post_logout_redirect_uri": URI}
        response = await gateway.get(PLAIN, request, cookie=cookie_of())
        assert response.headers["location"] == URI


async def test_a_compromised_key_is_refused_though_it_be_published(tmp_path: Path) -> None:
    """`compromised_keys`: no hint of it is believed."""
    (kid,) = (key["kid"] for key in jwks("RS256")["keys"])
    async with deploy(tmp_path, {"issuers": {"acme": {"compromised_keys": [kid]}}}) as gateway:
        await gateway.register()
        response = await gateway.get("/acme/logout", {"id_token_hint": id_token()})
        assert response.status_code == 401
        assert await gateway.state_of() == "live"


async def test_the_issuer_publishes_its_keys_for_encryption(tmp_path: Path) -> None:
    """`decryption_keys` are in the JWK Set with `use: enc`, and what is encrypted to them is a hint."""
    from tests.kit.encrypted import encrypt, private_key

    (tmp_path / "enc.jwk").write_text(json.dumps(private_key("RSA").as_dict(private=True)))
    async with deploy(tmp_path, {"issuers": {"acme": {"decryption_keys": ["enc.jwk"]}}}) as gateway:
        (published,) = (await gateway.get("/acme/jwks.json")).json()["keys"]
        assert (published["use"], published["kty"]) == ("enc", "RSA")
        assert "d" not in published
        await gateway.register()
        hint = encrypt(id_token(), "RSA-OAEP-256", "A256GCM", private_key("RSA"))
        response = await gateway.get("/acme/logout", {"id_token_hint": hint, "post_logout_redirect_uri": URI})
        assert response.headers["location"] == URI
        # PingFederate's endpoint wants client_id with an encrypted hint, and asks without it.
        await gateway.register("s-2")
        ping = {"id_token_hint": encrypt(id_token(sid="s-2"), "RSA-OAEP-256", "A256GCM", private_key("RSA"))}
        ping["post_logout_redirect_uri"] = URI
        asked = await gateway.get("/idp/init_logout.openid", ping, cookie=cookie_of("s-2"))
        assert "Do you want to log out?" in asked.text
        done = await gateway.get("/idp/init_logout.openid", {**ping, "client_id": "web"}, cookie=cookie_of("s-2"))
        assert done.headers["location"] == URI
