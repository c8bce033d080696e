"""All requests and responses as HAR 1.2, without secrets and without what management responses show of real users."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .. import __version__
from ..exchange import Exchange, HeaderLines
from ..redaction import Redaction
from .result import RunResult

MAX_BODY = 4096
"""Characters of a body that are kept."""


def write(result: RunResult, file: Path) -> None:
    """Write `file`. Raises OSError."""
    entries = [_entry(exchange, result) for exchange in result.report.exchanges]
    creator = {"name": "logout-conformance", "version": __version__}
    file.write_text(json.dumps({"log": {"version": "1.2", "creator": creator, "entries": entries}}, indent=1))


def _entry(exchange: Exchange, result: RunResult) -> dict[str, Any]:
    redaction = result.redaction
    milliseconds = round(exchange.seconds * 1000, 1)
    url = redaction.text(exchange.url)
    request: dict[str, Any] = {
        "method": exchange.method,
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _headers(exchange.sent_headers, redaction),
        "queryString": [{"name": name, "value": value} for name, value in parse_qsl(urlsplit(url).query)],
        "headersSize": -1,
        "bodySize": len(exchange.sent_body),
    }
    if exchange.sent_body:
        text = redaction.text(exchange.sent_body.decode("utf-8", "replace"))[:MAX_BODY]
        request["postData"] = {"mimeType": exchange.sent("content-type"), "text": text}
    operation = result.target.operation(exchange.path, exchange.method)
    private = operation is not None and operation.secured and exchange.status < 400
    body = "(withheld: it may name real users)" if private else redaction.text(exchange.text)[:MAX_BODY]
    return {
        "startedDateTime": datetime.fromtimestamp(exchange.began, UTC).isoformat(),
        "time": milliseconds,
        "request": request,
        "response": {
            "status": exchange.status,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _headers(exchange.headers, redaction),
            "content": {"size": len(exchange.body), "mimeType": exchange.media_type, "text": body},
            "redirectURL": redaction.text(exchange.header("location")),
            "headersSize": -1,
            "bodySize": len(exchange.body),
        },
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
    }


def _headers(headers: HeaderLines, redaction: Redaction) -> list[dict[str, str]]:
    return [{"name": name, "value": redaction.header(name, value)} for name, value in headers]
