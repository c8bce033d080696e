"""Requests that schemathesis does not make by itself: of a wrong method, for a wrong host, too long, of a wrong type.

Each takes a case that fits the document and alters one thing of it.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from schemathesis import Case

from endsession.contract.body import FORM
from endsession.contract.document import METHODS
from endsession.contract.operation import Sizes

_FILLER = "x" * 1024
_METHODS = [method.upper() for method in METHODS if method != "head"]  # a HEAD is answered as a GET


def spoil(case: Case, kind: str, chance: random.Random) -> None:
    """Alter the case: `method`, `host`, `query`, `body`, `type` or `values`."""
    _SPOILS[kind](case, chance)


def _method(case: Case, chance: random.Random) -> None:
    known = {method.upper() for method in case.operation.schema[case.operation.path]}
    case.method = chance.choice([method for method in _METHODS if method not in known])


def _host(case: Case, chance: random.Random) -> None:
    case.headers["Host"] = chance.choice(["evil.example", "login.example.evil.example", "login_example", "[::1]:80"])


def _query(case: Case, chance: random.Random) -> None:
    case.query = {**case.query, "filler": _FILLER * (Sizes().query // 1024 + 1)}


def _body(case: Case, chance: random.Random) -> None:
    members = case.body if isinstance(case.body, dict) else {}
    case.body = {**members, "filler": _FILLER * (Sizes().body // 1024 + 1)}
    case.media_type = case.operation.body[0].media_type


def _type(case: Case, chance: random.Random) -> None:
    media_type = case.operation.body[0].media_type
    if not case.body or not isinstance(case.body, dict):
        case.body = {"state": "kept"}
    case.media_type = media_type
    wrong = ["text/plain", "multipart/form-data", "application/xml", f"{media_type};charset=utf-16"]
    case.headers["Content-Type"] = chance.choice(wrong)


def _values(case: Case, chance: random.Random) -> None:
    """A value that its schema does not take: of the body, else of the query, else of the path."""
    if case.operation.body and case.operation.body[0].media_type != FORM:
        case.body = chance.choice([[], "text", 1, None, {"sub": 1, "client_id": 1, "endpoint": 1}])
        case.media_type = case.operation.body[0].media_type
    elif names := [parameter.name for parameter in case.operation.query]:
        case.query = {**case.query, chance.choice(names): chance.choice(["\x01", "\x1f\x7f", "ok\x0bnot ok"])}
    else:
        name = next(name for name in case.path_parameters if name != "issuer_id")
        case.path_parameters = {**case.path_parameters, name: chance.choice(["!", "a b", "\u00e4", "(x)"])}


_SPOILS: dict[str, Callable[[Case, random.Random], None]] = {
    "method": _method,
    "host": _host,
    "query": _query,
    "body": _body,
    "type": _type,
    "values": _values,
}
