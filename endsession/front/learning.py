"""From an ID token to a session, for the front as for a login side with code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..delivery.endings import By, Endings, NotifyPolicy
from ..protocol.errors import InvalidRequest, UnknownClient
from ..store.audit import Trace
from ..store.ending import Ending
from ..store.learning import Learnt, Rules, SignIn, learn
from ..store.script import Database
from ..tokens.claims import Refused
from ..tokens.issued import IssuedIdToken, IssuedTokens

_SUPERSEDED = By("superseded", "front")


@dataclass(frozen=True, slots=True)
class Learner:
    """Learns the sessions of one issuer. Lifetimes are in seconds.

    `supersede` is whether a browser's session ends when another user signs in there, `public_subjects` says whether all
    apps know a user by the same `sub`.
    """

    policy: NotifyPolicy
    tokens: IssuedTokens
    store: Database
    endings: Endings
    clock: Callable[[], float]
    lifetime: float
    idle: float | None
    supersede: bool = True
    end_offline: bool = False
    public_subjects: Callable[[], bool] = lambda: False

    async def of_token(
        self, raw: str, *, client_id: str | None, browser: str | None, user_label: str | None, trace: Trace
    ) -> Learnt:
        """The session of an ID token that a login side has issued.

        Raises InvalidRequest for one that is not good, and UnknownClient.
        """
        try:
            token = await self.tokens.read(raw, client_id, from_provider=False)
        except Refused as problem:
            raise InvalidRequest(f"The ID token cannot be used: {problem}.") from None
        if await self.tokens.hints.find_client(token.client_id) is None:
            raise UnknownClient
        return await self.learn(replace(self.sign_in(token, browser), user_label=user_label), trace)

    def sign_in(self, token: IssuedIdToken, browser: str | None) -> SignIn:
        """What an ID token says of a sign-in in `browser`, the digest of its cookie."""
        return SignIn(
            issuer_id=self.policy.issuer_id,
            client_id=token.client_id,
            sub=token.sub,
            sid=token.sid,
            auth_time=token.auth_time,
            browser=browser,
        )

    async def learn(self, sign_in: SignIn, trace: Trace) -> Learnt:
        """Find or begin the session of a sign-in, durably. The apps of a session that it ends are told meanwhile."""
        rules = Rules(
            lifetime=self.lifetime,
            idle=self.idle,
            trace=trace,
            public_subjects=self.public_subjects(),
            end_offline=self.end_offline,
            supersede=self._superseding if self.supersede else None,
        )
        learnt = await self.store.write(learn(sign_in, rules))
        if learnt.ended is not None and learnt.superseded is not None:
            await self.endings.tell(self.policy, learnt.superseded, learnt.ended, _SUPERSEDED, wait=0)
        return learnt

    def _superseding(self, sid: str) -> Ending:
        return self.endings.ending(self.policy, sid, _SUPERSEDED)
