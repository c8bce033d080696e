"""What a run is told: the address, the parties of the test, and how long it may take."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .hints import BadKey, Signer, encrypt
from .target import is_loopback

NEEDS = {
    "issuer": "--issuer ID",
    "iss": "--iss IDENTIFIER",
    "key": "--key FILE",
    "token": "--token-file FILE",
    "cookie": "--cookie NAME (with --token-file)",
    "redirect": "--client ID --redirect-uri URI (or a token with clients:write)",
    "clients": "a --token-file whose token has clients:write",
    "deliveries": "a --token-file whose token has deliveries:read and deliveries:write",
    "other-token": "--other-token-file FILE (a token without the scope)",
    "other-issuer": "--other-issuer ID",
    "until-limited": "--until-limited N",
    "encryption-key": "--encryption-key FILE",
}
"""What a claim can need, and the option that gives it."""


class BadOptions(ValueError):
    """The run cannot begin; the message says which option is wrong, and the mend."""


@dataclass(frozen=True)
class Options:
    """The options, read and checked. Secrets are whole values here, and nothing prints this."""

    url: str
    management_url: str
    public_url: str
    document: str | None
    issuer: str | None
    iss: str | None
    other_issuer: str | None
    signer: Signer | None
    encryption_key: str | None
    client: str | None
    redirect_uris: tuple[str, ...]
    cookie: str | None
    cookie_is_sid: bool
    token: str | None
    other_token: str | None
    skip: tuple[str, ...]
    shared_host: bool
    only: str
    until_limited: int
    seed: int
    max_examples: int
    time_limit: float
    rate: float
    fuzz: bool
    junit: Path | None
    har: Path | None
    ca_file: str | None


def read(given: argparse.Namespace) -> Options:
    """Check what the command line and the environment say. Raises BadOptions."""
    url = _address("BASE_URL", given.url)
    rate = given.rate if given.rate is not None else 500.0 if is_loopback(url) else 50.0
    key = _secret(given.key, "CONTRACT_KEY", "--key")
    encryption = _secret(given.encryption_key, "CONTRACT_ENCRYPTION_KEY", "--encryption-key")
    for number, name in (
        (rate, "--rate"),
        (given.time_limit, "--time-limit"),
        (given.max_examples, "--max-examples"),
    ):
        if number <= 0:
            raise BadOptions(f"{name} has to be more than 0.")
    if given.redirect_uri and not given.client:
        raise BadOptions("--redirect-uri needs --client beside it: whose URI it is.")
    if (given.key or given.client or given.cookie) and not given.issuer:
        raise BadOptions("--key, --client and --cookie need --issuer beside them: the issuer's name in paths.")
    return Options(
        url=url,
        management_url=_address("--management-url", given.management_url) if given.management_url else url,
        public_url=_address("--public-url", given.public_url) if given.public_url else url,
        document=given.document,
        issuer=given.issuer,
        iss=given.iss,
        other_issuer=given.other_issuer,
        signer=_signer(key) if key else None,
        encryption_key=_encryption_key(encryption) if encryption else None,
        client=given.client,
        redirect_uris=tuple(given.redirect_uri),
        cookie=given.cookie,
        cookie_is_sid=given.cookie_is_sid,
        token=_secret(given.token_file, "CONTRACT_TOKEN", "--token-file"),
        other_token=_secret(given.other_token_file, "CONTRACT_OTHER_TOKEN", "--other-token-file"),
        skip=tuple(given.skip),
        shared_host=given.shared_host,
        only=given.only,
        until_limited=given.until_limited,
        seed=given.seed,
        max_examples=given.max_examples,
        time_limit=given.time_limit,
        rate=rate,
        fuzz=not (given.no_fuzz or given.only),
        junit=given.junit,
        har=given.har,
        ca_file=given.ca_file,
    )


def _address(name: str, url: str) -> str:
    if not url.startswith(("http://", "https://")) or "?" in url or "#" in url:
        raise BadOptions(f"{name} has to be an http or https address without a query, such as https://login.example.")
    return url.rstrip("/")


def _secret(file: Path | None, variable: str, option: str) -> str | None:
    """The content of a file, else of an environment variable: nothing secret stands on a command line."""
    if file is None:
        return os.environ.get(variable) or None
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadOptions(f"{option} {file} cannot be read: {type(error).__name__}.") from None


def _signer(text: str) -> Signer:
    try:
        return Signer.of_jwk(text)
    except BadKey as error:
        raise BadOptions(f"--key: {error}. Give a private JWK, as `endsession keygen` prints it.") from None


def _encryption_key(text: str) -> str:
    try:
        encrypt("a.b.c", text)
    except BadKey as error:
        raise BadOptions(f"--encryption-key: {error}. Give the gateway's public JWK.") from None
    return text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line of `endsession contract`."""
    parser.add_argument("url", metavar="BASE_URL", help="where the deployment is, such as https://login.example")
    where = parser.add_argument_group("the deployment")
    where.add_argument("--document", metavar="FILE|URL", help="its OpenAPI document (default: BASE_URL/openapi.json)")
    where.add_argument("--public-url", metavar="URL", help="how browsers reach it, where that differs from BASE_URL")
    where.add_argument("--management-url", metavar="URL", help="its management listener, where it has one of its own")
    where.add_argument("--ca-file", metavar="FILE", help="certificates of a private CA to trust")
    where.add_argument(
        "--skip", metavar="PATH", action="append", default=[], help="a path of the document to leave out"
    )
    where.add_argument(
        "--shared-host", action="store_true", help="the host serves more than the document says, such as the provider"
    )
    party = parser.add_argument_group("the parties of the test, for the deep cases")
    party.add_argument("--issuer", metavar="ID", help="the issuer's name in paths")
    party.add_argument("--iss", metavar="IDENTIFIER", help="its identifier in ID tokens (default: what discovery says)")
    party.add_argument(
        "--key", type=Path, metavar="FILE", help="a private JWK that signs its ID tokens ($CONTRACT_KEY)"
    )
    party.add_argument("--client", metavar="ID", help="a client of the issuer to test with")
    party.add_argument(
        "--redirect-uri", metavar="URI", action="append", default=[], help="a post-logout URI registered for it"
    )
    party.add_argument(
        "--cookie", metavar="NAME", help="the name of the provider's session cookie, if one is configured"
    )
    party.add_argument("--cookie-is-sid", action="store_true", help="its value is the sid itself")
    party.add_argument(
        "--token-file", type=Path, metavar="FILE", help="a bearer token for management operations ($CONTRACT_TOKEN)"
    )
    party.add_argument(
        "--other-token-file", type=Path, metavar="FILE", help="one that may not write ($CONTRACT_OTHER_TOKEN)"
    )
    party.add_argument("--other-issuer", metavar="ID", help="an issuer that the token does not reach")
    party.add_argument(
        "--encryption-key",
        type=Path,
        metavar="FILE",
        help="the public JWK to encrypt hints for ($CONTRACT_ENCRYPTION_KEY)",
    )
    run = parser.add_argument_group("the run")
    run.add_argument("--only", default="", metavar="TEXT", help="only the claims whose sentence holds TEXT")
    run.add_argument("--no-fuzz", action="store_true", help="only the directed checks")
    run.add_argument("--max-examples", type=int, default=20, metavar="N", help="made-up requests per operation (20)")
    run.add_argument("--seed", type=int, default=1, help="the same seed makes up the same requests (1)")
    run.add_argument("--time-limit", type=float, default=600, metavar="SECONDS", help="when to stop (600)")
    run.add_argument(
        "--rate", type=float, metavar="N", help="requests per second at the most (50; on this machine 500)"
    )
    run.add_argument(
        "--until-limited", type=int, default=0, metavar="N", help="provoke the rate limit with up to N requests"
    )
    out = parser.add_argument_group("the report")
    out.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    out.add_argument("--har", type=Path, metavar="FILE", help="write all requests and answers, without secrets, as HAR")


def parse(arguments: Sequence[str]) -> Options:
    """Options of a command line. Raises BadOptions."""
    parser = argparse.ArgumentParser(fromfile_prefix_chars="@")
    add_arguments(parser)
    return read(parser.parse_args(arguments))
