"""From a token that was issued to a session: one transaction, committed before the token reaches its app.

Sessions are grouped by browser and never by the token's `sid`, which may be one per app. Each new session has an id of
its own making, so a sign-in after an ending never brings the ended session back to life.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..protocol.session import new_sid
from .audit import Trace, audit
from .ending import Ended, Ending, end_session
from .front import Awaited, awaited_by, lock_browser
from .front_tokens import FoundToken, IssuedToken, find_token, keep_tokens
from .script import Script, Statement
from .sessions import Participant, Registration, add_participant, register_session


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """What an ID token says of a sign-in (OpenID Connect Core 1.0, section 2). Times are seconds since 1970.

    `browser` is the SHA-256 of the browser's cookie where it is known, `keys` by what it is looked up otherwise, and
    `refreshed` the digest of the refresh token that was used. `sub` is None where only tokens were issued.
    """

    issuer_id: str
    client_id: str
    sub: str | None
    sid: str | None = None
    auth_time: float | None = None
    browser: str | None = None
    keys: Sequence[str] = ()
    refreshed: str | None = None
    tokens: Sequence[IssuedToken] = ()
    user_label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How an issuer's sign-ins become sessions. Lifetimes are in seconds.

    `public_subjects` says that all apps know a user by the same `sub`. `supersede` makes the ending of a browser's
    session whose user is no longer the one signed in there; without it, that session stays.
    """

    lifetime: float
    idle: float | None
    trace: Trace
    public_subjects: bool = False
    end_offline: bool = False
    supersede: Callable[[str], Ending] | None = None


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a sign-in came to. `sid` is None where nothing is known of its session."""

    sid: str | None
    new: bool = False
    refused: bool = False
    """Whether the session of the refresh token has ended, so that its answer must not reach the app."""
    browser: str | None = None
    did_not_stick: bool = False
    """Whether the provider signed in a user without asking, whose session had ended here."""
    superseded: str | None = None
    """The session of another user that ended, if one did; `ended` is what that wrote."""
    ended: Ended | None = None


@dataclass(frozen=True, slots=True)
class KnownSession:
    """A session as far as learning looks at it. `ended_at` is None where nobody ended it."""

    sid: str
    sub: str
    live: bool
    ended_at: float | None


def learn(sign_in: SignIn, rules: Rules) -> Script[Learnt]:
    """Find or begin the session of a sign-in, and note the app that takes part in it.

    In this order: the session of the refresh token, of the browser, of the token's `sid`; else a new one.
    """
    issuer_id, now = sign_in.issuer_id, rules.trace.at
    if sign_in.refreshed is not None:
        found = yield from find_token(issuer_id, sign_in.refreshed, now)
        if found is not None:
            return (yield from _refreshed(sign_in, found, rules))
    awaited = Awaited(sign_in.browser)
    if awaited.browser is None:
        awaited = yield from awaited_by(issuer_id, sign_in.keys, now)
    browser = awaited.browser
    before = (yield from _of_browser(issuer_id, browser, now)) if browser is not None else None
    if sign_in.sub is None and (before is None or not before.live):
        return Learnt(None, browser=browser)
    of_sid = (yield from of_sid_known(issuer_id, sign_in.sid, now)) if sign_in.sid is not None else None
    superseded = None
    if before is not None and before.live and not (yield from _is_user(sign_in, before, rules)):
        if rules.supersede is not None:
            superseded = yield from end_session(rules.supersede(before.sid))
        joined = None
    else:
        joined = before if before is not None and before.live else None
    if joined is None and of_sid is not None and (yield from _may_join(sign_in, of_sid, browser, rules)):
        joined = of_sid
    sid, sub = (joined.sid, joined.sub) if joined is not None else (new_sid(), str(sign_in.sub))
    yield from _register(sign_in, sid, sub, browser, rules)
    # Where it is not known what was asked for, a refresh token is taken to be meant to outlive its session.
    offline = True if awaited.offline is None else awaited.offline
    yield from _keep(sign_in, sid, offline=offline)
    survivor = _survivor(sign_in, before, of_sid) if joined is None else None
    if survivor is not None:
        yield from _note_survivor(sign_in, survivor, sid, rules)
    return Learnt(
        sid,
        new=joined is None,
        browser=browser,
        did_not_stick=survivor is not None,
        superseded=before.sid if before is not None and superseded is not None else None,
        ended=superseded,
    )


def _register(sign_in: SignIn, sid: str, sub: str, browser: str | None, rules: Rules) -> Script[None]:
    said = Registration(
        sub=sub,
        cookie_sha256=[browser] if browser is not None else None,
        user_label=sign_in.user_label,
    )
    yield from register_session(
        sign_in.issuer_id,
        sid,
        said,
        now=rules.trace.at,
        default_lifetime=rules.lifetime,
        default_idle=rules.idle,
        trace=rules.trace,
    )
    if sign_in.sid is not None:
        # The newest is the one that lives: the provider may have begun another session in the same browser.
        yield Statement(
            "UPDATE sessions SET op_sid = :op_sid WHERE issuer_id = :issuer_id AND sid = :sid",
            {"issuer_id": sign_in.issuer_id, "sid": sid, "op_sid": sign_in.sid},
        )
    own_sub = sign_in.sub if sign_in.sub not in (None, sub) else None
    participant = Participant(sign_in.client_id, own_sub, sign_in.sid)
    yield from add_participant(sign_in.issuer_id, sid, participant, now=rules.trace.at)


def _keep(sign_in: SignIn, sid: str, *, offline: bool) -> Script[None]:
    tokens = [replace(token, offline=offline) if token.offline is None else token for token in sign_in.tokens]
    yield from keep_tokens(sign_in.issuer_id, sign_in.client_id, sid, tokens)


def _note_survivor(sign_in: SignIn, survivor: KnownSession, sid: str, rules: Rules) -> Script[None]:
    yield Statement(
        "UPDATE sessions SET survived_at = COALESCE(survived_at, :now) WHERE issuer_id = :issuer_id AND sid = :sid",
        {"now": rules.trace.at, "issuer_id": sign_in.issuer_id, "sid": survivor.sid},
    )
    yield audit(
        sign_in.issuer_id,
        "did_not_stick",
        rules.trace,
        sid=survivor.sid,
        sub=survivor.sub,
        reason=f"the provider issued an ID token without a new sign-in; the session goes on here as {sid}",
        client_id=sign_in.client_id,
    )


def _survivor(sign_in: SignIn, before: KnownSession | None, of_sid: KnownSession | None) -> KnownSession | None:
    """The ended session that lives on at the provider: same `sid`, or a sign-in from before its ending."""
    for known in (of_sid, before):
        if known is None or known.ended_at is None:
            continue
        if sign_in.auth_time is not None and sign_in.auth_time < int(known.ended_at):
            return known
        if sign_in.auth_time is None and known is of_sid:
            return known
    return None


def _refreshed(sign_in: SignIn, found: FoundToken, rules: Rules) -> Script[Learnt]:
    """A refresh token was used: its session is known, whatever else the answer says."""
    if found.ended and (rules.end_offline or not found.offline):
        return Learnt(found.sid, refused=True)
    tokens = [replace(token, offline=found.offline) for token in sign_in.tokens]
    yield from keep_tokens(sign_in.issuer_id, found.client_id, found.sid, tokens)
    return Learnt(found.sid)


def _of_browser(issuer_id: str, browser: str, now: float) -> Script[KnownSession | None]:
    """The newest session of a browser. The browser is locked: two of its sign-ins must not begin two sessions."""
    yield lock_browser(issuer_id, browser, now)
    rows = yield Statement(
        f"SELECT {_COLUMNS} FROM session_cookies c JOIN sessions s ON s.issuer_id = c.issuer_id AND s.sid = c.sid"
        " WHERE c.issuer_id = :issuer_id AND c.sha256 = :browser",
        {"issuer_id": issuer_id, "browser": browser, "now": now},
    )
    return KnownSession(rows[0][0], rows[0][1], bool(rows[0][2]), rows[0][3]) if rows else None


def of_sid_known(issuer_id: str, sid: str, now: float) -> Script[KnownSession | None]:
    """The newest session in which the token's `sid` was seen, a live one first. It may be one for each app."""
    rows = yield Statement(
        f"SELECT {_COLUMNS} FROM participants p JOIN sessions s ON s.issuer_id = p.issuer_id AND s.sid = p.sid"
        " WHERE p.issuer_id = :issuer_id AND p.rp_sid = :sid AND p.rp_sid <> ''"
        " ORDER BY s.ended_at IS NOT NULL, s.began_at DESC LIMIT 1",
        {"issuer_id": issuer_id, "sid": sid, "now": now},
    )
    return KnownSession(rows[0][0], rows[0][1], bool(rows[0][2]), rows[0][3]) if rows else None


_COLUMNS = "s.sid, s.sub, s.ended_at IS NULL AND s.dies_at > :now, s.ended_at"


def _is_user(sign_in: SignIn, session: KnownSession, rules: Rules) -> Script[bool]:
    """Whether the token's user is the session's, as far as it can be known.

    With pairwise subjects that shows only at an app that knows both (OpenID Connect Core 1.0, section 8.1).
    """
    if sign_in.sub is None:
        return True
    rows = yield Statement(
        "SELECT sub FROM participants WHERE issuer_id = :issuer_id AND sid = :sid AND client_id = :client_id",
        {"issuer_id": sign_in.issuer_id, "sid": session.sid, "client_id": sign_in.client_id},
    )
    if rows:
        return sign_in.sub in {session.sub if sub is None else sub for (sub,) in rows}
    return sign_in.sub == session.sub or not rules.public_subjects


def _may_join(sign_in: SignIn, session: KnownSession, browser: str | None, rules: Rules) -> Script[bool]:
    """Whether a sign-in belongs to the live session of its `sid`. One that is another browser's stays that one's."""
    if not session.live or not (yield from _is_user(sign_in, session, rules)):
        return False
    if browser is None:
        return True
    rows = yield Statement(
        "SELECT sha256 FROM session_cookies WHERE issuer_id = :issuer_id AND sid = :sid LIMIT 1",
        {"issuer_id": sign_in.issuer_id, "sid": session.sid},
    )
    return not rows
