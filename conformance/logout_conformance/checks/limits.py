"""The rate limit: tested last, and only on request, since it affects everybody behind the same IP address."""

from __future__ import annotations

from typing import Any

from ..check import CheckSkipped, Registry, expect
from ..context import Context

check = Registry()


@check("too many requests are 429", "deployment", "issuer", "until-limited")
def limited(context: Context) -> None:
    """At each operation that documents 429, with requests that cost little. Forged headers do not help."""
    limited_at_all = False
    for operation in context.target.operations():
        if 429 not in operation.statuses or operation.secured:  # where it is wrong tokens that are limited
            continue
        path = context.path(operation)
        parameters = {"handle": "contract-no-handle"}
        place: dict[str, Any] = {"form" if operation.method == "POST" else "query": parameters}
        for number in range(context.options.until_limited):
            forged = {"X-Forwarded-For": f"198.51.100.{number % 250}"}
            response = context.http.send(operation.method, path, headers=forged, repeat_limited=False, **place)
            if response.status == 429:
                limited_at_all = True
                break
        else:
            expect(not limited_at_all, "one operation is limited, and another with the same limit is not", response)
    if not limited_at_all:
        raise CheckSkipped(f"no limit was reached with {context.options.until_limited} requests (--until-limited)")
