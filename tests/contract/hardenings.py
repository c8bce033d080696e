"""Where the compiled contract means to differ from connexion's own application, and why. Anywhere else is a mistake."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote_plus, unquote_to_bytes

from tests.kit.raw import FORM, HOST

from .corpus import JSON, Sent
from .standard import Verdict


@dataclass(frozen=True)
class Hardening:
    """A difference that is meant: for which requests, and what each of the two makes of them.

    Without `standard` it is any verdict: a request that we refuse for this reason may have others to be refused for.
    """

    why: str
    applies: Callable[[Sent], bool]
    standard: tuple[Verdict, ...]
    ours: tuple[Verdict, ...]

    def explains(self, sent: Sent, standard: Verdict, ours: Verdict) -> bool:
        """Whether this is why the two differ."""
        return (not self.standard or standard in self.standard) and ours in self.ours and self.applies(sent)


def _written_fields(sent: Sent) -> list[bytes]:
    form = [sent.payload] if _is_form(sent) else []
    return [field for text in (sent.query_string.encode("latin-1"), *form) for field in text.split(b"&")]


def _is_form(sent: Sent) -> bool:
    return bool(sent.reached.form) and (sent.content_type or "").lower().startswith(FORM)


def _repeats(sent: Sent) -> bool:
    for declared, fields in (
        ({*sent.reached.parameters("query"), *sent.reached.form}, sent.query),
        (set(sent.reached.form), sent.form or ()),
    ):
        names = [name for name, _ in fields if name in declared]
        if len(set(names)) < len(names):
            return True
    return False


def _is_not_utf_8(sent: Sent) -> bool:
    for field in _written_fields(sent):
        try:
            unquote_to_bytes(field.replace(b"+", b" ")).decode()
        except UnicodeDecodeError:
            return True
    return False


def _has_many_fields(sent: Sent) -> bool:
    return sent.query_string.count("&") >= 100 or (_is_form(sent) and sent.payload.count(b"&") >= 100)


def _has_two_readings(sent: Sent) -> bool:
    """Whether a JSON body means different things to different readers, or is more than storage can hold."""

    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        if len(dict(pairs)) < len(pairs):
            raise ValueError
        return dict(pairs)

    if not sent.reached.body(JSON):
        return False
    try:
        value = json.loads(sent.payload.decode(), object_pairs_hook=members)
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (ValueError, RecursionError):
        return True
    return "\\u0000" in text or text.count("[") > 100


def _ends_a_value_with_a_newline(sent: Sent) -> bool:
    fields = [unquote_plus(value) for _, value in (*sent.query, *(sent.form or ()))]
    return any(value.endswith("\n") for value in fields) or b'\\n"' in sent.payload


def _has_unknown_parameters(sent: Sent) -> bool:
    return any(name not in sent.reached.parameters("query") for name, _ in sent.query)


_CHARSET = re.compile(r";\s*charset=(?!\"?(utf-8|us-ascii)\b)", re.IGNORECASE)
_STRAY = re.compile(r"%(2f|5c|0.|1.|7f)", re.IGNORECASE)

HARDENINGS = (
    Hardening(
        "A HEAD ends nothing, asks nothing and tells nothing, where browsers and link checkers come.",
        lambda sent: sent.method == "HEAD" and sent.reached.for_browsers,
        standard=(400, 421),
        ours=("accepted",),
    ),
    Hardening(
        "A slash redirect would go to the Host of the request, with the token in its query.",
        lambda sent: sent.path.endswith("/"),
        standard=("redirected",),
        ours=(404,),
    ),
    Hardening(
        "Browsers are answered under our own names only.",
        lambda sent: sent.host != HOST and sent.reached.for_browsers,
        standard=(),
        ours=(421,),
    ),
    Hardening(
        "An administrator must not think that a misspelt filter filters.",
        lambda sent: sent.reached.secured and _has_unknown_parameters(sent),
        standard=(),
        ours=(400,),
    ),
    Hardening(
        "A query over 16 KiB is not read; a POST carries more.",
        lambda sent: len(sent.query_string) > 16 * 1024,
        standard=(),
        ours=(414,),
    ),
    Hardening(
        "A body over 64 KiB is not read, whatever is in it.",
        lambda sent: len(sent.payload) > 64 * 1024,
        standard=(),
        ours=(413,),
    ),
    Hardening("A hundred fields are enough.", _has_many_fields, standard=(), ours=(400,)),
    Hardening(
        "A repeated parameter has two readings; connexion takes the last in a query and joins those of a form.",
        _repeats,
        standard=(),
        ours=(400,),
    ),
    Hardening(
        "What is not UTF-8 is not guessed at; connexion puts replacement characters.",
        _is_not_utf_8,
        standard=(),
        ours=(400,),
    ),
    Hardening(
        "A body says what it is; connexion takes the document's word for it.",
        lambda sent: not sent.content_type and bool(sent.payload),
        standard=(),
        ours=(415,),
    ),
    Hardening(
        "Bodies are in UTF-8.",
        lambda sent: bool(_CHARSET.search(sent.content_type or "")),
        standard=(),
        ours=(415,),
    ),
    Hardening(
        "The names of media types are written in any case; connexion does not validate those in capitals.",
        lambda sent: sent.content_type is not None and sent.content_type != sent.content_type.lower(),
        standard=("accepted",),
        ours=(400,),
    ),
    Hardening(
        "An empty Content-Type with an empty body is none.",
        lambda sent: sent.content_type == "" and not sent.payload,
        standard=(415,),
        ours=("accepted", 400),
    ),
    Hardening(
        "An empty parameter is an absent one, and so neither malformed nor enough where it is required.",
        lambda sent: any(not value for _, value in sent.values()),
        standard=("accepted", 400),
        ours=("accepted", 400),
    ),
    Hardening(
        "The query of a logout's POST may count, and is held to what the form is held to.",
        lambda sent: sent.method == "POST" and any(name in sent.reached.form for name, _ in sent.query),
        standard=(),
        ours=(400,),
    ),
    Hardening(
        "JSON has one reading: no name twice, no NaN, no half characters, no NUL, no depth without end.",
        _has_two_readings,
        standard=("accepted",),
        ours=(400,),
    ),
    Hardening(
        "A pattern holds to the very end; `$` of Python lets a newline pass.",
        _ends_a_value_with_a_newline,
        standard=("accepted",),
        ours=(400,),
    ),
    Hardening(
        "A path with an encoded separator or control character matches nothing: proxies read such paths otherwise.",
        lambda sent: bool(_STRAY.search(sent.path)),
        standard=(),
        ours=(404,),
    ),
    Hardening(
        "A required body may come in chunks; connexion looks for a Content-Length.",
        lambda sent: sent.chunked and bool(sent.reached.body(JSON)),
        standard=(400,),
        ours=("accepted",),
    ),
    Hardening(
        "A request that is only odd is answered; connexion has an unexpected error.",
        lambda sent: True,
        standard=(500,),
        ours=("accepted", 400, 401, 404, 405, 413, 414, 415, 421),
    ),
)
