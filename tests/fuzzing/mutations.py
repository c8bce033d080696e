"""Mutations: alterations against the document that schemathesis does not make by itself."""

from __future__ import annotations

import random
from typing import Any, cast

from schemathesis import Case
from schemathesis.core.transport import HttpMethod

from endsession.contract.body import FORM
from endsession.contract.document import METHODS
from endsession.contract.operation import Sizes

NO_OBJECTS: list[Any] = [[], "text", 1, None, {"sub": 1, "client_id": 1, "endpoint": 1}]


def mutate(case: Case[Any], what: str, chance: random.Random) -> None:
    """Make a case wrong in one thing: its `method`, `host`, `query`, `body`, `type` or `values`."""
    media_type = case.operation.body[0].media_type if case.operation.body else None
    members = case.body if isinstance(case.body, dict) else {}
    match what:
        case "method":
            known = {method.upper() for method in case.operation.schema[case.operation.path]}
            others = {method.upper() for method in METHODS} - known - {"HEAD"}  # which is answered as a GET
            case.method = cast(HttpMethod, chance.choice(sorted(others)))
        case "host":
            wrong = ["evil.example", "login.example.evil.example", "login_example", "[::1]:80"]
            case.headers["Host"] = chance.choice(wrong)
        case "query":
            case.query = {**case.query, "filler": "x" * (Sizes().query + 1)}
        case "body":
            case.body, case.media_type = {**members, "filler": "x" * (Sizes().body + 1)}, media_type
        case "type":
            case.body, case.media_type = members or {"state": "kept"}, media_type
            wrong = ["text/plain", "multipart/form-data", "application/xml", f"{media_type};charset=utf-16"]
            case.headers["Content-Type"] = chance.choice(wrong)
        case "values" if media_type not in (None, FORM):
            case.body = chance.choice(NO_OBJECTS)
            case.media_type = media_type
        case "values" if names := [parameter.name for parameter in case.operation.query]:
            case.query = {**case.query, chance.choice(names): chance.choice(["\x01", "\x1f\x7f", "ok\x0bnot ok"])}
        case "values":
            name = next(name for name in case.path_parameters if name != "issuer_id")
            case.path_parameters = {**case.path_parameters, name: chance.choice(["!", "a b", "\u00e4", "(x)"])}
