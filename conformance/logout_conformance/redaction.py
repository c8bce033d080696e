"""What reports may show of a request: nothing that their readers could use.

Values that the run created are replaced by what they are (`<a hint: alg none>`), which tells a reader more than the
value. Everything else that looks like a token, a handle or a digest is redacted as well.
"""

from __future__ import annotations

import re
import shlex

from .exchange import Exchange

_SECRET_HEADERS = {"authorization", "cookie", "set-cookie", "proxy-authorization"}
_LONG = re.compile(r"[A-Za-z0-9_=-]{40,}(?:\.[A-Za-z0-9_=-]*)*")
"""Signatures, handles, digests: runs of characters that are longer than any word or path segment."""
_JWT = re.compile(r"eyJ[A-Za-z0-9_=-]*(?:\.[A-Za-z0-9_=-]*)+")
_PARAMETER = re.compile(r"((?:id_token_hint|handle|cookie|client_secret)(?:=|\"\s*:\s*\"))[^&\"\s<]+")
_COOKIE_VALUE = re.compile(r"=([^;]*)")
_SHORTEST = 6


class Redaction:
    """Knows the secrets of a run."""

    def __init__(self) -> None:
        self._labels: dict[str, str] = {}

    def keep_secret(self, value: str, label: str) -> str:
        """Show `label` wherever `value` would appear. Returns `value`."""
        if len(value) >= _SHORTEST:
            self._labels[value] = f"<{label}>"
        return value

    def text(self, text: str) -> str:
        """`text` without secrets."""
        for value in sorted((value for value in self._labels if value in text), key=len, reverse=True):
            text = text.replace(value, self._labels[value])
        text = _PARAMETER.sub(_unless_labelled, text)
        return _LONG.sub("<redacted>", _JWT.sub("<redacted>", text))

    def header(self, name: str, value: str) -> str:
        """The value of a header without secrets. Of cookies, names and attributes are kept."""
        if name.lower() in ("cookie", "set-cookie"):
            first, semicolon, attributes = value.partition(";")
            shown = _COOKIE_VALUE.sub("=<redacted>", first if name.lower() == "set-cookie" else value)
            return shown + (semicolon + attributes if name.lower() == "set-cookie" else "")
        if name.lower() in _SECRET_HEADERS:
            scheme = value.partition(" ")[0]
            return f"{scheme} <redacted>" if scheme.lower() in ("bearer", "basic") else "<redacted>"
        return self.text(value)

    def curl(self, exchange: Exchange) -> str:
        """The request as a shell command, to be completed with the values that are not shown."""
        words = ["curl", "-i", "-X", exchange.method, self.text(exchange.url)]
        for name, value in exchange.sent_headers:
            if name.lower() not in ("content-length", "connection", "accept-encoding", "user-agent"):
                words += ["-H", f"{name}: {self.header(name, value)}"]
        if exchange.sent_body:
            text = self.text(exchange.sent_body.decode("utf-8", "replace"))
            words += ["--data", text if len(text) <= 500 else f"{text[:500]}... ({len(text)} characters)"]
        return shlex.join(words) if len(exchange.url) <= 2000 else shlex.join(words)[:2000] + "..."


def _unless_labelled(match: re.Match[str]) -> str:
    return match[0] if match[0][len(match[1]) :].startswith(("<", "%3C")) else match[1] + "<redacted>"
