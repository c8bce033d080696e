"""The settings of a front: the provider's own endpoints, passed on to it, so that sessions are learnt from them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .values import Duration, Group

Learn = Literal["authorization", "token", "par", "introspection", "userinfo", "revocation"]
EndProviderSession = Literal["cookies", "native", "action"]


class Front(Group):
    """The provider behind this gateway. The operator's proxy routes the provider's endpoints here; `docs/front.md` has
    the steps."""

    upstream: str
    """Where the provider itself is reached, without a path, such as `http://op.internal:9000`. Its public URLs stay as
    they are: requests are passed on with the `Host` that they came with."""
    learn: tuple[Learn, ...] = ("authorization", "token", "par")
    """Which of the provider's endpoints are passed on. Discovery, JWK Set and logout always are; `introspection` and
    `userinfo` refuse tokens of ended sessions, `revocation` forgets a refresh token."""
    redirect_paths: tuple[str, ...] = ()
    """Prefixes of further paths of the provider whose redirects carry codes or tokens to apps, such as
    `/interaction/`. Needed only for apps that use neither nonce nor PKCE."""
    end_provider_session: tuple[EndProviderSession, ...] = ("cookies",)
    """How the provider's own session ends: `cookies` deletes the provider's cookies at the logout, and withholds those
    that were alive from the browser's next authorization requests; `action` is the call of its admin API in `ending`.
    `native`, a call of the provider's own logout endpoint, is not built yet and is refused."""
    cookies: tuple[str, ...] = ()
    """Names of the provider's cookies that are withheld and deleted; a `*` at the end stands for any ending. Without
    them, all that the browser sends to the authorization endpoint, but for `keep_cookies`."""
    keep_cookies: tuple[str, ...] = ()
    """Names of cookies that always pass, such as those of remembered accounts, language or trusted devices; a `*` at
    the end stands for any ending."""
    refuse_refresh: bool = True
    """Whether refresh tokens of ended sessions are refused with `invalid_grant`."""
    end_offline: bool = False
    """Whether those with `offline_access` are refused as well (Back-Channel Logout 1.0, section 2.7, keeps them)."""
    on_new_user: Literal["end", "keep"] = "end"
    """What becomes of a browser's session when another user signs in there: it ends, and its apps are told, or it is
    kept until its lifetime ends."""
    on_failure: Literal["pass", "refuse"] = "pass"
    """What becomes of a sign-in while the storage is unavailable: it passes without being learnt, which is counted and
    logged, or it is refused."""
    timeout: Duration = Field(default=30.0, gt=0, le=300)
    """How long the provider may take for a whole response; 300 s at most."""
