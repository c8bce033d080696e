"""How a provider's own session is ended by its admin API: the description, and what is decided by it alone.

A description is data (`openapi/providers`, or a file of the operator's). It says what identifies the session, which
calls end it, and what each answer means. Nothing here goes out on the network.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Meaning = Literal["ended", "gone", "refused", "retry"]
"""What an answer says: the session has ended now; it is not known (any more); never; perhaps later."""
Credentials = Literal["client_credentials", "bearer", "none"]
Scope = Literal["session", "user"]
NOT_RUN = "written from the documentation, not run"
"""What every description has to say of itself that was never tried against the product."""
_NAME = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_NOT_IN_A_PATH = re.compile(r"[/\\%?#;\x00-\x20\x7f]")


def _regular_expression(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"it is not a regular expression: {error}") from None
    return pattern


Pattern = Annotated[str, AfterValidator(_regular_expression)]
Path = Annotated[str, Field(pattern=r"^/[^?#\s]*$")]
"""Below the base URL; with `{name}` for values."""


class _Description(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Answer(_Description):
    """What answers of these statuses mean, where `body` is found in the beginning of the body."""

    status: Annotated[tuple[Annotated[int, Field(ge=200, le=599)], ...], Field(min_length=1)]
    means: Meaning
    body: Pattern = ""


class Call(_Description):
    """A request. The first of `answers` that fits counts; what none fits is judged by its status (`meaning_of`)."""

    method: Literal["DELETE", "PATCH", "POST", "PUT"]
    path: Path
    query: dict[str, str] = {}
    body: Any = Field(default=None, alias="json")
    """What is sent as JSON; strings in it may name values."""
    answers: tuple[Answer, ...]

    @model_validator(mode="after")
    def _can_end(self) -> Call:
        if not any(answer.means == "ended" for answer in self.answers):
            raise ValueError("none of its answers means ended")
        return self

    def names(self) -> set[str]:
        """The values that the request names."""
        texts = [self.path, *self.query.values(), *_strings(self.body)]
        return {name for text in texts for name in _NAME.findall(text)}


class Way(_Description):
    """How one session ends, or all of a user. Its calls are made in this order, and all of them again at a retry."""

    identified_by: Literal["sid", "sub"]
    pattern: Pattern = ".+"
    """What the whole identifier has to look like; `otherwise` says why no other can be used."""
    otherwise: str = "it is empty"
    tells_unknown: bool
    """Whether the answer for a session that the provider does not know differs from that for one that it has ended."""
    ends: str
    """What ends, and what does not, in a sentence."""
    calls: Annotated[tuple[Call, ...], Field(min_length=1)]


class TokenRequest(_Description):
    """Where an access token is had by client credentials (RFC 6749, section 4.4)."""

    path: Path
    scope: str = ""
    client_authentication: Literal["basic", "post"] = "basic"
    """How the client says who it is (RFC 6749, section 2.3.1)."""


class ProviderApi(_Description):
    """The description of a provider. `run` says whether it was tried against the product, `remark` what was not."""

    name: str
    run: bool
    remark: str = ""
    documentation: Annotated[tuple[str, ...], Field(min_length=1)]
    rights: str
    """The least rights that the credentials need."""
    unavailable: str = ""
    """Why no session can be ended over HTTP, for a provider where that is so."""
    values: dict[str, str] = {}
    """What the operator has to give, with a description of each."""
    credentials: tuple[Credentials, ...] = ()
    token: TokenRequest | None = None
    session: Way | None = None
    user: Way | None = None

    def way(self, scope: Scope) -> Way | None:
        """How a session ends, or all of a user; None where the provider has no such call."""
        return self.session if scope == "session" else self.user

    @model_validator(mode="after")
    def _holds_together(self) -> ProviderApi:
        problem = next(self._problems(), None)
        if problem:
            raise ValueError(problem)
        return self

    def _problems(self) -> Iterator[str]:
        ways = [way for way in (self.session, self.user) if way is not None]
        if not self.run and self.remark != NOT_RUN:
            yield f"its remark has to be: {NOT_RUN}"
        if bool(ways) == bool(self.unavailable):
            yield "it needs session, user or both, or else says in unavailable why there is neither"
        if ways and not self.credentials:
            yield "it has no credentials; none is one of them"
        if ("client_credentials" in self.credentials) != (self.token is not None):
            yield "client_credentials and token go together"
        if self.user is not None and self.user.identified_by != "sub":
            yield "what ends all sessions of a user is identified by sub"
        if taken := {"sid", "sub"} & set(self.values):
            yield f"{', '.join(sorted(taken))} cannot be among values"
        for way in ways:
            named = set().union(*(call.names() for call in way.calls))
            if any(way.identified_by not in call.names() for call in way.calls):
                yield f"each call has to name {{{way.identified_by}}}"
            if unknown := named - {"sid", "sub"} - set(self.values):
                yield f"{', '.join(sorted(unknown))} is not among values"
            if way is self.user and "sid" in named:
                yield "what ends all sessions of a user cannot name {sid}"
        if self.token is not None and (unknown := set(_NAME.findall(self.token.path)) - set(self.values)):
            yield f"{', '.join(sorted(unknown))} is not among values"


class Unfit(Exception):
    """The calls cannot name this session. The text says why, without the identifier."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call that is ready to be sent; `target` follows the base URL."""

    call: Call
    target: str
    body: bytes | None


def prepare(way: Way, given: Mapping[str, str]) -> list[Prepared]:
    """The calls with their values put in. Raises Unfit: a call without its identifier could end something else."""
    if not re.fullmatch(way.pattern, given.get(way.identified_by, "")):
        raise Unfit(way.otherwise)
    return [_prepared(call, given) for call in way.calls]


def _prepared(call: Call, given: Mapping[str, str]) -> Prepared:
    if missing := call.names() - {name for name, value in given.items() if value}:
        raise Unfit(f"there is no {', '.join(sorted(missing))}")
    query = {name: _filled(text, given) for name, text in call.query.items()}
    target = path_with(call.path, given) + (f"?{urlencode(query)}" if query else "")
    body = None if call.body is None else json.dumps(_filled_json(call.body, given)).encode()
    return Prepared(call, target, body)


def path_with(path: str, given: Mapping[str, str]) -> str:
    """A path with values put in. Raises Unfit for what would lead to another path, such as `..`."""
    for name in _NAME.findall(path):
        if problem := problem_in_path(given[name]):
            raise Unfit(f"its {name} cannot stand in a path: {problem}")
    return _NAME.sub(lambda match: quote(given[match[1]], safe=""), path)


def problem_in_path(value: str) -> str:
    """Why a value cannot be a segment of a path; empty if it can. Some servers decode twice, or resolve dots."""
    if not value or set(value) == {"."}:
        return "it is empty, or has nothing but dots"
    return "it has a character that divides paths" if _NOT_IN_A_PATH.search(value) else ""


def _filled(text: str, given: Mapping[str, str]) -> str:
    return _NAME.sub(lambda match: given[match[1]], text)


def _filled_json(value: Any, given: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _filled(value, given)
    if isinstance(value, list):
        return [_filled_json(item, given) for item in value]
    if isinstance(value, dict):
        return {key: _filled_json(item, given) for key, item in value.items()}
    return value


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def meaning_of(call: Call, status: int, body: bytes) -> Meaning:
    """What an answer means: by the description, else trouble of the server may pass, and all else is final.

    Refused credentials (401) are tried again: the operator can replace them, and the session then ends by itself.
    """
    text = body.decode("utf-8", "replace")
    for answer in call.answers:
        if status in answer.status and re.search(answer.body, text):
            return answer.means
    return "retry" if status in (401, 408, 425, 429) or status >= 500 else "refused"
