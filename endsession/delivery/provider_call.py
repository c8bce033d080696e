"""Ending a provider's own session by a call of its admin API (`protocol/provider_api.py` says how it is described)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..protocol.provider_api import Prepared, Unfit, Way, meaning_of, prepare
from ..protocol.session import names_user_alone
from ..store.deliveries import ALREADY_GONE, Delivery
from .access_tokens import Credentials, NoAccessToken
from .http import AddressRefused, Answer, GuardedClient
from .retry import AttemptResult, retry_after

_NO_SID = "the session has no sid that the provider knows: nobody registered it, and its ID tokens carry none"
_UNKNOWN = f"{ALREADY_GONE}: the provider knows no such session, which had ended before or has another name there"
_CANNOT_TELL = "delivered; the provider answers the same where it knows no such session"


@dataclass(frozen=True, slots=True)
class AdminCall:
    """The calls that end one session at its provider."""

    ending: ProviderEnding
    calls: Sequence[Prepared]
    no_sid: str = ""
    """See Destination: nothing is dropped when the user has signed in again, since the old session may live on."""


@dataclass(frozen=True, slots=True)
class ProviderEnding:
    """How an issuer's provider is asked to end a session. `url` is the admin API's base URL, `timeout` in seconds."""

    way: Way
    url: str
    values: Mapping[str, str]
    credentials: Credentials
    http: GuardedClient
    clock: Callable[[], float]
    timeout: float

    def prepared(self, delivery: Delivery) -> AdminCall | str:
        """The calls for a session; a sentence when it cannot be named."""
        sid = delivery.rp_sid or ("" if names_user_alone(delivery.sid) else delivery.sid)
        if not sid and self.way.identified_by == "sid":
            return _NO_SID
        try:
            return AdminCall(self, prepare(self.way, {**self.values, "sid": sid, "sub": delivery.sub}))
        except Unfit as problem:
            return f"the provider cannot be asked to end this session: {problem}"

    async def send(self, calls: Sequence[Prepared]) -> AttemptResult:
        """Make the calls in order, all within one time-out. Never raises for what the provider does."""
        try:
            async with asyncio.timeout(self.timeout):
                result = await self._send_all(calls)
        except TimeoutError:
            result = AttemptResult("retry", None, "no answer in time")
        except NoAccessToken as problem:
            result = AttemptResult("retry", problem.status, str(problem), problem.after)
        except AddressRefused as problem:
            result = AttemptResult("failed", None, str(problem))
        except OSError as problem:
            result = AttemptResult("retry", None, f"no answer: {problem}")
        return result

    async def _send_all(self, calls: Sequence[Prepared]) -> AttemptResult:
        gone = True
        for prepared in calls:
            answer = await self._send(prepared)
            meaning = meaning_of(prepared.call, answer.status, answer.body)
            if meaning == "retry":
                after = retry_after(answer.headers.get("retry-after"), self.clock())
                what = "refused the credentials (401)" if answer.status == 401 else f"answered {answer.status}"
                return AttemptResult("retry", answer.status, f"the provider {what}", after)
            if meaning == "refused":
                return AttemptResult("failed", answer.status, _refusal(answer))
            gone = gone and meaning == "gone"
        reason = _UNKNOWN if gone else "delivered" if self.way.tells_unknown else _CANNOT_TELL
        return AttemptResult("delivered", answer.status, reason)

    async def _send(self, prepared: Prepared) -> Answer:
        """One call; once more with another access token where the first was refused (RFC 6750, section 3.1)."""
        token = await self.credentials.token()
        answer = await self._request(prepared, token)
        if answer.status == 401 and (renewed := await self.credentials.token(refused=token)) != token:
            answer = await self._request(prepared, renewed)
        return answer

    async def _request(self, prepared: Prepared, token: str | None) -> Answer:
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        headers |= {"Content-Type": "application/json"} if prepared.body is not None else {}
        body = b"" if prepared.body is None and prepared.call.method != "DELETE" else prepared.body
        return await self.http.send(prepared.call.method, self.url + prepared.target, body, headers)


def _refusal(answer: Answer) -> str:
    """Without what the provider says of it: that may repeat the session's name, and reasons are logged."""
    hint = {
        403: "the credentials lack a right that the call needs",
        404: "and not that the session is unknown, so the URL, a value or the user may be wrong",
    }.get(answer.status)
    return f"the provider answered {answer.status}, which is final" + (f": {hint}" if hint else "")
