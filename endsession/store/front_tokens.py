"""Tokens that a provider issued, by their digests: to which session they belong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .script import Script, Statement


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A refresh or access token that was issued: its digest, and until when it is remembered (seconds since 1970).

    `offline` says whether it outlives the session; None where its scope is not known.
    """

    sha256: str
    offline: bool | None
    expires_at: float


@dataclass(frozen=True, slots=True)
class FoundToken:
    """The session of a token that was issued."""

    sid: str
    client_id: str
    offline: bool
    ended: bool


def find_token(issuer_id: str, sha256: str, now: float) -> Script[FoundToken | None]:
    """Whose token it is, by its digest; None for a token that nothing is known of."""
    rows = yield Statement(
        "SELECT t.sid, t.client_id, t.offline, s.ended_at IS NOT NULL OR s.dies_at <= :now OR s.sid IS NULL"
        " FROM front_tokens t LEFT JOIN sessions s ON s.issuer_id = t.issuer_id AND s.sid = t.sid"
        " WHERE t.issuer_id = :issuer_id AND t.sha256 = :sha256",
        {"issuer_id": issuer_id, "sha256": sha256, "now": now},
    )
    if not rows:
        return None
    sid, client_id, offline, ended = rows[0]
    return FoundToken(sid, client_id, bool(offline), bool(ended))


def keep_tokens(issuer_id: str, client_id: str, sid: str, tokens: Sequence[IssuedToken]) -> Script[None]:
    """Note to which session tokens belong."""
    for token in tokens:
        yield Statement(
            "INSERT INTO front_tokens (issuer_id, sha256, sid, client_id, offline, expires_at)"
            " VALUES (:issuer_id, :sha256, :sid, :client_id, :offline, :expires_at)"
            " ON CONFLICT (issuer_id, sha256) DO UPDATE SET expires_at = excluded.expires_at",
            {
                "issuer_id": issuer_id,
                "sha256": token.sha256,
                "sid": sid,
                "client_id": client_id,
                "offline": int(bool(token.offline)),
                "expires_at": token.expires_at,
            },
        )


def forget_token(issuer_id: str, sha256: str) -> Script[None]:
    """A token was revoked (RFC 7009)."""
    yield Statement(
        "DELETE FROM front_tokens WHERE issuer_id = :issuer_id AND sha256 = :sha256",
        {"issuer_id": issuer_id, "sha256": sha256},
    )
