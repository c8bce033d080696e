"""Browsers and apps that sign in by code at the scripted provider, through a front."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2

from .scripted import BROWSER_COOKIE, HOST, basic, canary, challenge_of


def without_jar(base_url: str, **options: Any) -> httpx2.AsyncClient:
    """A client that keeps no cookies, to the gateway at that URL under the provider's public name."""
    jar = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    # Well below what the server keeps idle connections for: a request that meets its closing would be lost.
    options = {"limits": httpx2.Limits(keepalive_expiry=1), **options}
    return httpx2.AsyncClient(
        base_url=base_url, headers={"host": HOST}, cookies=jar, trust_env=False, timeout=30, **options
    )


@dataclass
class Begun:
    """An authorization request whose response has come."""

    client_id: str
    verifier: str
    nonce: str
    answer: Mapping[str, str]
    """The parameters of the redirect to the app."""


@dataclass
class Person:
    """A user at a browser."""

    user: str
    cookies: dict[str, str] = field(default_factory=dict)
    cookies_set: list[tuple[str, str]] = field(default_factory=list)
    """Every name and value that this browser was given."""

    @property
    def cookie_digest(self) -> str:
        """By what the gateway knows this browser."""
        return hashlib.sha256(self.cookies[BROWSER_COOKIE].encode()).hexdigest()

    @property
    def cookie_header(self) -> dict[str, str]:
        """What the browser sends to the provider's host."""
        pairs = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"cookie": pairs} if pairs else {}

    async def ask(
        self, http: httpx2.AsyncClient, client_id: str = "web", *, more: str = "", **changes: str | None
    ) -> httpx2.Response:
        """The authorization request of an app, with `more` at the end of its query; no redirect is followed."""
        parameters = {
            "client_id": client_id,
            "redirect_uri": f"https://{client_id}.example/callback",
            "response_type": "code",
            "scope": "openid",
            "state": "a-state",
            "login_hint": self.user,
            **changes,
        }
        query = urlencode({name: value for name, value in parameters.items() if value is not None})
        response = await http.get(
            f"/authorize?{query}{more}", headers=self.cookie_header | {"sec-fetch-dest": "document"}
        )
        self.take(response)
        return response

    async def authorize(
        self, http: httpx2.AsyncClient, client_id: str = "web", *, more: str = "", **changes: str | None
    ) -> Begun:
        """Go to the provider, and come back to the app."""
        verifier, nonce = canary("verifier"), canary("nonce")
        keys = {"nonce": nonce, "code_challenge": challenge_of(verifier), "code_challenge_method": "S256"}
        response = await self.ask(http, client_id, more=more, **{**keys, **changes})
        assert response.status_code == 303, (response.status_code, response.text)
        answer = dict(parse_qsl(urlsplit(response.headers["location"]).query))
        if "to" in answer:  # past the front
            answer = dict(parse_qsl(urlsplit(answer["to"]).query))
        return Begun(client_id, verifier, nonce, answer)

    def take(self, response: httpx2.Response) -> None:
        """Keep cookies, as a browser does."""
        for line in response.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies_set.append((name, value))
            if "max-age=0" in line.lower():
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value


async def post_token(http: httpx2.AsyncClient, client_id: str, form: Mapping[str, str]) -> httpx2.Response:
    """A token request of an app."""
    headers = {"authorization": basic(client_id), "content-type": "application/x-www-form-urlencoded"}
    return await http.post("/token", content=urlencode({**form, "as": client_id}), headers=headers)


async def exchange(http: httpx2.AsyncClient, begun: Begun) -> httpx2.Response:
    """The app exchanges the code."""
    form = {"grant_type": "authorization_code", "code": begun.answer["code"], "code_verifier": begun.verifier}
    return await post_token(http, begun.client_id, form)


async def refresh(http: httpx2.AsyncClient, client_id: str, token: str) -> httpx2.Response:
    """The app refreshes."""
    return await post_token(http, client_id, {"grant_type": "refresh_token", "refresh_token": token})


async def sign_in(http: httpx2.AsyncClient, person: Person, client_id: str = "web") -> dict[str, Any]:
    """From the app's page to its tokens."""
    response = await exchange(http, await person.authorize(http, client_id))
    assert response.status_code == 200, response.text
    return dict(response.json())
