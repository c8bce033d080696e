"""A run: find the deployment, try every claim, fuzz, and see what was never answered."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import yaml

from endsession.contract.document import BadDocument, Document, checked_document

from .book import Book, Verdict
from .claim import Broken, Claim, NotTried, Scene
from .claims import CLAIMS
from .endpoint import Endpoint, endpoints
from .options import NEEDS, BadOptions, Options
from .pace import OutOfTime, Pace
from .parties import CannotPrepare, Parties
from .reach import MISSING, Pair, pairs
from .redaction import Redaction
from .table import Table
from .target import Target, connection, is_loopback
from .wire import Unreachable, Wire

Say = Callable[[str], None]
NO_TIME = "the time was over first (--time-limit)"
TIDYING = 30.0
"""Seconds after the deadline in which the run may take away what it has made."""


@dataclass(frozen=True)
class Result:
    """What a run found."""

    target: Target
    book: Book
    pairs: list[Pair]
    redaction: Redaction
    cut_short: bool
    seconds: float

    @property
    def broken(self) -> bool:
        """Whether the contract is broken."""
        return bool(self.book.failures) or any(pair.meaning == MISSING for pair in self.pairs)


def run(options: Options, say: Say) -> Result:
    """Do everything. Raises BadOptions and Unreachable."""
    began = time.monotonic()
    redaction = Redaction()
    for value, label in ((options.token, "the token"), (options.other_token, "the other token")):
        redaction.keep_secret(value or "", label)
    target = Target(
        document=_document(options),
        url=options.url,
        management_url=options.management_url,
        public_url=options.public_url,
        ca_file=options.ca_file,
        shared_host=options.shared_host,
    )
    book = Book(Table(target.document), redaction.curl, keep_exchanges=options.har is not None)
    wire = Wire(target, Pace(options.rate, options.time_limit), book)
    parties = Parties(options, wire, redaction)
    found: list[Endpoint] = []
    cut_short = False
    try:
        _check_host(target, wire)
        parties.prepare()
        found = _endpoints(options, wire, parties)
        scene = Scene(options, target, wire, parties, redaction, found)
        if (
            options.issuer
            and options.token
            and parties.manage("GET", "sessions", query={"limit": "1"}).status in (401, 404)
        ):
            raise BadOptions(
                "the token of --token-file is not taken at --issuer: see management.tokens in its settings."
            )
        for claim in (one for one in CLAIMS if options.only in one.says):
            _try_everywhere(claim, scene, book, say)
        cut_short = any(verdict.why == NO_TIME for verdict in book.verdicts)
        if options.fuzz:
            from .fuzz import fuzz  # noqa: PLC0415  # loading schemathesis takes a second

            fuzz(scene, book, say)
    except OutOfTime:
        cut_short = True
    finally:
        wire.pace.deadline = max(wire.pace.deadline, time.monotonic() + TIDYING)
        _tidy(parties, say)
    found_pairs = list(pairs(target, book.table, parties, found, cut_short=cut_short))
    return Result(target, book, found_pairs, redaction, cut_short, time.monotonic() - began)


def _check_host(target: Target, wire: Wire) -> None:
    """A wrong public name would break nearly every claim. Raises BadOptions."""
    for dialect in target.document.endpoints.values():
        answer = wire.send("GET", dialect.address("contract-nobody"), patient=False)
        if answer.status == 421:
            raise BadOptions(
                f"the deployment does not answer for the host {target.host}. "
                "Give the address that its server.public_url names with --public-url."
            )


def _tidy(parties: Parties, say: Say) -> None:
    try:
        parties.leave()
    except (OutOfTime, Unreachable):
        say(f"What the run has made could not be taken away: its names begin with {parties.run}.")


# The document


def _document(options: Options) -> Document:
    source = options.document or f"{options.url}/openapi.json"
    text = _fetched(source, options) if source.startswith(("http://", "https://")) else _read(source)
    try:
        return checked_document(yaml.safe_load(text) if not text.lstrip().startswith("{") else json.loads(text))
    except (ValueError, yaml.YAMLError, BadDocument) as error:
        reason = str(error) if isinstance(error, BadDocument) else type(error).__name__
        raise BadOptions(f"{source} is no document of endsession ({reason}). Give one with --document FILE.") from None


def _read(source: str) -> str:
    try:
        return Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadOptions(f"--document {source} cannot be read: {type(error).__name__}.") from None


def _fetched(source: str, options: Options) -> str:
    host = options.public_url.split("/")[2]
    try:
        with httpx2.Client(timeout=30, trust_env=not is_loopback(source), verify=options.ca_file or True) as http:
            answer = http.get(connection(source), headers={"Host": host} if source.startswith(options.url) else {})
    except (httpx2.HTTPError, OSError) as error:
        raise Unreachable(f"{source} does not answer: {type(error).__name__}") from None
    if answer.status_code != 200:
        mend = (
            "Give --public-url if browsers reach it by another name"
            if answer.status_code == 421
            else "Give --document FILE"
        )
        raise BadOptions(f"{source} is answered with {answer.status_code}. {mend}.")
    return answer.text


def _endpoints(options: Options, wire: Wire, parties: Parties) -> list[Endpoint]:
    """The logout endpoints, with the policy of each where a token lets the deployment explain it."""
    policies: dict[str, Mapping[str, Any]] = {}
    explain = next((one for one in wire.target.operations() if one.name == "explainLogout"), None)
    if options.issuer and options.token and explain:
        for path in wire.target.document.endpoints:
            answer = wire.send(
                "POST",
                explain.path.replace("{issuer_id}", options.issuer),
                json={"endpoint": path},
                token=options.token,
            )
            body = answer.json()
            if answer.status == 200 and isinstance(body, dict):
                policies[path] = body.get("policy", {})
    found = endpoints(wire.target, options.issuer or "contract-nobody", policies)
    return [one for one in found if one.operation.path not in options.skip]


# Claims


def _try_everywhere(claim: Claim, scene: Scene, book: Book, say: Say) -> None:
    if lacking := scene.parties.missing(claim.needs):
        why = "give " + " and ".join(NEEDS[need] for need in lacking)
        book.verdicts.append(Verdict(claim.says, "", "not tried", why))
        return
    outcomes = []
    for where, arguments in _places(claim, scene):
        verdict = _try(claim, where, arguments, book)
        book.verdicts.append(verdict)
        outcomes.append(verdict.outcome)
    if outcomes:
        broken = outcomes.count("broken")
        say(
            f"{'BROKEN' if broken else 'ok' if 'held' in outcomes else 'not tried':9} {claim.says}"
            + (f" ({broken} of {len(outcomes)} places)" if broken else "")
        )


def _places(claim: Claim, scene: Scene) -> Iterator[tuple[str, tuple[Any, ...]]]:
    if claim.scope == "deployment":
        yield "", (scene,)
    elif claim.scope == "endpoint":
        for endpoint in scene.endpoints:
            if claim.applies is None or claim.applies(endpoint):
                yield endpoint.label, (scene, endpoint)
    else:
        for operation in scene.target.operations():
            skipped = operation.path in scene.options.skip
            if not skipped and (claim.applies is None or claim.applies(operation)):
                yield operation.label, (scene, operation)


def _try(claim: Claim, where: str, arguments: tuple[Any, ...], book: Book) -> Verdict:
    try:
        claim.run(*arguments)
    except Broken as broken:
        book.fail(claim.says, where, broken.seen, broken.exchange)
        return Verdict(claim.says, where, "broken", broken.seen)
    except CannotPrepare as refused:
        book.fail(claim.says, where, str(refused), refused.exchange)
        return Verdict(claim.says, where, "broken", str(refused))
    except OutOfTime:
        return Verdict(claim.says, where, "not tried", NO_TIME)
    except NotTried as reason:
        return Verdict(claim.says, where, "not tried", str(reason))
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        # An answer of another shape than the document's, which the claim on schemas has booked already.
        seen = f"an answer of another shape than the document's ({type(error).__name__})"
        book.fail(claim.says, where, seen)
        return Verdict(claim.says, where, "broken", seen)
    return Verdict(claim.says, where, "held")
