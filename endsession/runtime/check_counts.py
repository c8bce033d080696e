"""What fronts have counted that an operator should know (`store/front_counts.py`), as `endsession check` says it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .. import settings as configuration
from ..settings import Problem

_SIGN_INS = 3
"""Sign-ins of an app that begin before it is said that no token of it passes: some are given up by the user."""
_COUNTED: Mapping[str, tuple[str, str]] = {
    "did_not_stick": (
        "{count} ID tokens were issued to {clients} for sessions that had ended, without a new sign-in",
        "end the provider's sessions by its admin API as well: docs/provider-endings.md",
    ),
    "withheld_in_vain": (
        "cookies of ended sessions passed {count} times, since browsers send them again and again",
        "name in front.cookies those that carry the session, or in front.keep_cookies those that do not",
    ),
    "not_learnt": (
        "{count} ID tokens for {clients} could not be learnt from, so those apps are not told of a logout",
        "the log says why, for each",
    ),
    "storage_unavailable": (
        "{count} requests passed without being learnt while the storage was unavailable",
        'set front.on_failure = "refuse" to have such sign-ins refused',
    ),
}
"""What is said of a count, and what to do."""


def counted_at_fronts(
    settings: configuration.Settings, counts: Sequence[tuple[str, str, str, int]]
) -> Iterator[Problem]:
    """`counts` are (issuer_id, event, client_id, count)."""
    for issuer_id, table in settings.issuers.items():
        if table.front is None:
            continue
        counted: dict[str, dict[str, int]] = {}
        for of_issuer, event, client_id, count in counts:
            if of_issuer == issuer_id:
                counted.setdefault(event, {})[client_id] = count
        where = ("issuers", issuer_id, "front")
        for event, (message, fix) in _COUNTED.items():
            if clients := counted.get(event):
                names = ", ".join(sorted(filter(None, clients))) or "apps that are not known"
                yield Problem(where, message.format(count=sum(clients.values()), clients=names), fix)
        learnt = counted.get("learnt", {})
        begun = counted.get("begun", {})
        if around := sorted(name for name, count in begun.items() if count >= _SIGN_INS and name not in learnt):
            message = f"sign-ins of {', '.join(around)} begin here, and none of their tokens passes"
            fix = "let them use the token URL of the metadata: an internal one goes around the front"
            yield Problem(where, message, fix)
