"""The rate limit: tried last, and only where asked for, since everybody behind the same address meets it."""

from __future__ import annotations

from ..claim import NotTried, Register, Scene, expect

claims = Register()


@claims("too many requests are 429, and say when to come back", "deployment", "issuer", "until-limited")
def limited(scene: Scene) -> None:
    """At each operation that announces 429, with requests that cost little; forged headers do not help."""
    limited_at_all = False
    for operation in scene.target.operations():
        if 429 not in operation.statuses:
            continue
        path = scene.path(operation)
        form = {"handle": "contract-no-handle"} if operation.method == "POST" else None
        query = {"handle": "contract-no-handle"} if form is None else {}
        for number in range(scene.options.until_limited):
            forged = {"X-Forwarded-For": f"198.51.100.{number % 250}"}
            answer = scene.wire.send(operation.method, path, query=query, form=form, headers=forged, patient=False)
            if answer.status == 429:
                limited_at_all = True
                break
        else:
            expect(not limited_at_all, "one operation is limited and another of the same limit is not", answer)
    if not limited_at_all:
        raise NotTried(f"no limit was met within {scene.options.until_limited} requests (--until-limited)")
