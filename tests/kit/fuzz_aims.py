"""For every documented status of every operation: the request that has to be answered with it, and where.

A fuzzer that draws at random comes by the common answers hundreds of times, and by the rare ones not at all. An aim is
a generated request with chosen parts: everything else of it stays as schemathesis made it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from endsession.contract.document import Document
from endsession.contract.endpoint import LogoutEndpoint

from .fuzz_kinds import Parts, slots_of

EVERYTHING_FITS: Parts = {}


@dataclass(frozen=True, eq=False)
class Aim:
    """A request that is answered with `status` by the deployment `at`.

    `parts` are what differs from a request that works. A `bare` one has no other parts of the cast in it. `spoilt` is
    what is altered against the document.
    """

    status: int
    parts: Parts = field(default_factory=dict)
    at: str = "ordinary"
    bare: bool = False
    spoilt: str = ""

    def whole(self, document: Document, path: str, method: str) -> Parts:
        """All parts of the request."""
        if self.bare:
            return self.parts
        return {slot: kinds[0] for slot, kinds in slots_of(document, path, method).items()} | self.parts


def aims_of(document: Document, path: str, method: str) -> list[Aim]:
    """The aims of an operation: at least one for each status that the document announces."""
    definition = document.raw["paths"][path][method]
    endpoint = document.endpoints.get(path)
    name = (endpoint.name or "plain") if endpoint else definition["operationId"]
    special = _OWN.get(name, {})
    if endpoint and not special:
        special = _of_vendor(document, endpoint)
    aims = []
    for status in map(int, definition["responses"]):
        own = special.get(status)
        aims += [_own(status, one) for one in own] if own else list(_common(status, definition["operationId"]))
    return aims


def _of_vendor(document: Document, endpoint: LogoutEndpoint) -> Mapping[int, tuple[Parts, ...]]:
    """The aims of an endpoint that a file adds: what its policy must not change, and what is refused at `strict`."""
    aims = _WITH_HINT if takes_hint(document, endpoint.path) else _WITHOUT_HINT
    return aims if endpoint.issuer_from == "path" else {**aims, 404: ({"at": "nowhere"},)}


def takes_hint(document: Document, path: str) -> bool:
    """Whether a logout endpoint takes an `id_token_hint`, by whatever name."""
    return "IdTokenHint" in str(document.raw["paths"][path])


def _own(status: int, parts: Parts) -> Aim:
    rest = {slot: kind for slot, kind in parts.items() if slot not in ("at", "bare")}
    return Aim(status, rest, at=parts.get("at", "ordinary"), bare="bare" in parts)


def _common(status: int, operation: str) -> Iterator[Aim]:
    if status in _SPOILT:
        yield Aim(status, spoilt=_SPOILT[status])
    elif status in _AT:
        yield Aim(status, at=_AT[status])
    elif status == 429:
        yield Aim(status, {"issuer": "acme", "handle": "well formed"}, at="limited", bare=True)
    elif status == 401:
        yield Aim(status, {"token": "nobody"})
    elif status == 403:
        yield Aim(status, {"token": "reader" if operation == "listClients" else "keeper"})
    elif status == 404:
        yield Aim(status, {"issuer": "nobody"})
    else:
        yield Aim(status)


_SPOILT = {400: "values", 405: "method", 413: "body", 414: "query", 415: "type", 421: "host"}
_AT = {500: "broken", 503: "away"}

_STRANGE_HANDLE = {"issuer": "acme", "handle": "well formed", "bare": "yes"}
_LIMITED = ({"at": "limited"},)
_OF_GONE = {"hint": "of a disabled client", "client": "gone"}
_REFUSED_AT_STRICT = (
    "forged",
    "without signature",
    "encrypted for somebody else",
    "a zip bomb",
    "with a key of its own",
)
_WORKS = (EVERYTHING_FITS, {"hint": "expired"}, {"hint": "encrypted"}, {"hint": "encrypted and expired"})

_WITH_HINT: dict[int, tuple[Parts, ...]] = {
    200: ({"redirect": "absent"},),
    303: _WORKS,
    400: ({"hint": "one word", "at": "strict"}, {"hint": "absent", "at": "strict"}),
    401: tuple({"hint": kind, "at": "strict"} for kind in _REFUSED_AT_STRICT),
    403: ({"hint": "of another user", "at": "strict"}, {"hint": "of the other session", "at": "strict"}),
    422: ({"redirect": "not registered", "at": "strict"}, {"redirect": "a script", "at": "strict"}),
    429: _LIMITED,
}
_WITHOUT_HINT: dict[int, tuple[Parts, ...]] = {
    200: ({"redirect": "absent"},),
    303: ({"cookie": "none"},),
    400: ({"client": "absent"},),
    401: ({"cookie": "none", "at": "strict"}, {"cookie": "ended", "at": "strict"}),
    403: ({"client": "gone"},),
    422: ({"redirect": "not registered"}, {"client": "nobody"}),
    429: _LIMITED,
}
_OWN: dict[str, dict[int, tuple[Parts, ...]]] = {
    "authpi": {
        200: ({"redirect": "absent"}, {"redirect": "absent", "hint": "encrypted"}),
        303: _WORKS,
        400: ({"hint": "one word"}, {"hint": "nested deep"}),
        401: tuple(
            {"hint": kind} for kind in (*_REFUSED_AT_STRICT, "of another issuer", "very old", "a password bomb")
        ),
        403: ({"hint": "of a disabled client"}, {"hint": "of another user"}, {"hint": "of the other session"}),
        422: tuple({"redirect": kind} for kind in ("not registered", "of another client", "not absolute", "a script")),
        429: _LIMITED,
    },
    "pingfederate": {
        200: ({"redirect": "absent"}, {"redirect": "not registered"}, {"hint": "forged"}, {"hint": "of another user"}),
        303: _WORKS,
        400: ({"client": "other"},),
        401: tuple({"hint": kind, "at": "strict"} for kind in _REFUSED_AT_STRICT),
        403: (_OF_GONE, {"hint": "of another user", "at": "strict"}, {"hint": "of the other session", "at": "strict"}),
        404: ({"at": "nowhere"},),
        422: ({"redirect": "not registered", "at": "strict"}, {"redirect": "a script", "at": "strict"}),
        429: _LIMITED,
    },
    "plain": {
        200: ({"redirect": "absent"}, {"hint": "absent"}, {"hint": "forged"}, {"hint": "of another user"}),
        303: _WORKS,
        400: ({"client": "other"}, {"hint": "absent", "client": "absent"}),
        401: tuple({"hint": kind, "at": "strict"} for kind in _REFUSED_AT_STRICT),
        403: (_OF_GONE, {"hint": "of another user", "at": "strict"}, {"hint": "of the other session", "at": "strict"}),
        422: tuple({"redirect": kind} for kind in ("not registered", "of another client", "not absolute", "a script")),
        429: _LIMITED,
    },
    "getReference": {404: ({"at": "nowhere"},)},
    "getConfiguration": {503: ({"at": "orphaned"},)},
    "confirmLogout": {
        303: ({"question": "with a way back"},),
        400: ({"browser": "another"}, {"question": "spent"}, {"question": "of another issuer"}, _STRANGE_HANDLE),
        403: ({"origin": "foreign"},),
    },
    "resumeLogout": {
        303: ({"parked": "live"},),
        400: ({"parked": "live", "browser": "another"}, _STRANGE_HANDLE),
        401: ({"parked": "forged", "at": "strict"},),
        403: ({"parked": "of a disabled client"},),
        422: ({"parked": "not registered"},),
    },
    "logoutStatus": {400: (_STRANGE_HANDLE,)},
    "continueLogout": {400: (_STRANGE_HANDLE,)},
    "getSession": {404: ({"sid": "new"}, {"issuer": "nobody"})},
    "putSession": {
        200: ({"sid": "live"},),
        201: ({"sid": "new"},),
        409: ({"sid": "ended"},),
        422: ({"participant": "nobody"},),
    },
    "joinSession": {
        404: ({"sid": "new"}, {"issuer": "nobody"}),
        409: ({"sid": "ended"},),
        422: ({"participant": "nobody"},),
    },
    "redeliver": {404: ({"delivery": "never"}, {"issuer": "nobody"})},
    "listClients": {404: ({"name": "new"}, {"issuer": "nobody"})},
    "putClient": {
        201: ({"name": "new"},),
        409: ({"name": "of settings"},),
        422: ({"name": "new", "metadata": "with a script"},),
    },
    "deleteClient": {404: ({"name": "new"}, {"issuer": "nobody"}), 409: ({"name": "of settings"},)},
}
"""By the name of a logout endpoint's endpoint, or by operationId. What is not here has the common aims."""
