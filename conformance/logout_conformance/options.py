"""The options of a run, from the command line and the environment."""

from __future__ import annotations

import argparse
import os
import ssl
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
"""What a check can need, and the option that provides it."""


class BadOptions(ValueError):
    """The run cannot start. The message names the option and the fix."""


@dataclass(frozen=True)
class Options:
    """Validated options. Secrets are in here as they are, and nothing prints this."""

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
    """Seconds."""
    rate: float
    """Requests per second."""
    fuzz: bool
    junit: Path | None
    har: Path | None
    ca_file: str | None


def read_options(given: argparse.Namespace) -> Options:
    """Validate what the command line and the environment say. Raises BadOptions."""
    url = _base_url("BASE_URL", given.url)
    rate = given.rate if given.rate is not None else 500.0 if is_loopback(url) else 50.0
    key = _secret(given.key, "CONTRACT_KEY", "--key")
    encryption = _secret(given.encryption_key, "CONTRACT_ENCRYPTION_KEY", "--encryption-key")
    for number, name in (
        (rate, "--rate"),
        (given.time_limit, "--time-limit"),
        (given.max_examples, "--max-examples"),
    ):
        if number <= 0:
            raise BadOptions(f"{name} must be greater than 0.")
    if given.redirect_uri and not given.client:
        raise BadOptions("--redirect-uri requires --client, the client that the URI is registered for.")
    if (given.key or given.client or given.cookie) and not given.issuer:
        raise BadOptions("--key, --client and --cookie require --issuer, the name of the issuer in paths.")
    return Options(
        url=url,
        management_url=_base_url("--management-url", given.management_url) if given.management_url else url,
        public_url=_base_url("--public-url", given.public_url) if given.public_url else url,
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
        ca_file=_ca_file(given.ca_file) if given.ca_file else None,
    )


def _base_url(name: str, url: str) -> str:
    if not url.startswith(("http://", "https://")) or "?" in url or "#" in url:
        raise BadOptions(f"{name} must be an http or https URL without a query, such as https://login.example.")
    return url.rstrip("/")


def _secret(file: Path | None, variable: str, option: str) -> str | None:
    """The content of a file, or else of an environment variable: command lines are visible to other users."""
    if file is None:
        return os.environ.get(variable) or None
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadOptions(f"{option} {file} cannot be read: {type(error).__name__}.") from None


def _ca_file(file: str) -> str:
    try:
        ssl.create_default_context(cafile=file)
    except OSError as error:  # ssl.SSLError is one
        raise BadOptions(f"--ca-file {file} holds no certificates that can be read: {type(error).__name__}.") from None
    return file


def _signer(text: str) -> Signer:
    try:
        return Signer.from_jwk(text)
    except BadKey as error:
        raise BadOptions(f"--key: {error}. Give a private JWK (RFC 7517).") from None


def _encryption_key(text: str) -> str:
    try:
        encrypt("a.b.c", text)
    except BadKey as error:
        raise BadOptions(f"--encryption-key: {error}. Give the gateway's public JWK (RFC 7517).") from None
    return text


def build_parser(program: str) -> argparse.ArgumentParser:
    """The command line. `program` is how the user called it."""
    parser = argparse.ArgumentParser(
        prog=program,
        description="Tests a logout service against its OpenAPI document, from outside. Only the URL is required; "
        "the options for test parties enable more checks. @FILE reads arguments from a file, one per line. The exit "
        "status is 0 when all checks passed, 1 when one failed, and 2 when the run could not start.",
        fromfile_prefix_chars="@",
    )
    parser.add_argument("url", metavar="BASE_URL", help="where the deployment is, such as https://login.example")
    _add_deployment(parser.add_argument_group("the deployment"))
    _add_parties(parser.add_argument_group("the parties of the test, for more checks"))
    _add_run(parser.add_argument_group("the run"))
    reports = parser.add_argument_group("the report")
    reports.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    reports.add_argument(
        "--har", type=Path, metavar="FILE", help="write all requests and responses, without secrets, as HAR"
    )
    return parser


def _add_deployment(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--document", metavar="FILE|URL", help="its OpenAPI document (default: BASE_URL/openapi.json)")
    add("--public-url", metavar="URL", help="how browsers reach it, where that differs from BASE_URL")
    add("--management-url", metavar="URL", help="its management listener, if it has a separate one")
    add("--ca-file", metavar="FILE", help="certificates of a private CA to trust")
    add("--skip", metavar="PATH", action="append", default=[], help="a path of the document to leave out")
    add(
        "--shared-host",
        action="store_true",
        help="the host also serves paths that are not in the document, such as the provider's",
    )


def _add_parties(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--issuer", metavar="ID", help="the name of the issuer in paths")
    add("--iss", metavar="IDENTIFIER", help="its identifier in ID tokens (default: from its metadata)")
    add("--key", type=Path, metavar="FILE", help="a private JWK that signs its ID tokens ($CONTRACT_KEY)")
    add("--client", metavar="ID", help="a client of the issuer to test with")
    add(
        "--redirect-uri",
        metavar="URI",
        action="append",
        default=[],
        help="a post-logout redirect URI that is registered for it",
    )
    add("--cookie", metavar="NAME", help="the name of the provider's session cookie, if one is configured")
    add("--cookie-is-sid", action="store_true", help="its value is the sid itself")
    add(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="a bearer token for management operations ($CONTRACT_TOKEN)",
    )
    add(
        "--other-token-file",
        type=Path,
        metavar="FILE",
        help="a bearer token that may not write ($CONTRACT_OTHER_TOKEN)",
    )
    add("--other-issuer", metavar="ID", help="an issuer that the token has no access to")
    add(
        "--encryption-key",
        type=Path,
        metavar="FILE",
        help="the public JWK to encrypt hints for ($CONTRACT_ENCRYPTION_KEY)",
    )


def _add_run(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--only", default="", metavar="TEXT", help="only the checks whose title contains TEXT")
    add("--no-fuzz", action="store_true", help="no generated requests")
    add("--max-examples", type=int, default=20, metavar="N", help="generated requests per operation and phase (20)")
    add("--seed", type=int, default=1, help="the same seed generates the same requests (1)")
    add("--time-limit", type=float, default=600, metavar="SECONDS", help="when to stop (600)")
    add("--rate", type=float, metavar="N", help="requests per second at most (50; 500 on this machine)")
    add(
        "--until-limited",
        type=int,
        default=0,
        metavar="N",
        help="provoke the rate limit, with up to N requests to each limited operation",
    )


def parse(arguments: Sequence[str], program: str = "logout-conformance") -> Options:
    """The options of a command line. Raises BadOptions; exits with 2 for an unknown option."""
    return read_options(build_parser(program).parse_args(arguments))
