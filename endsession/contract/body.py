"""Reading a request's body: counted while it comes in, of a media type of the document, decoded strictly."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import jsonschema_rs
from starlette.types import Receive

from ..protocol.errors import BodyTooLarge, EndsessionError, InvalidRequest, UnsupportedMediaType
from .document import BadDocument
from .parameters import FieldReader, explain

_LENGTH = re.compile(r"[0-9]{1,18}")
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""The escape of NUL in JSON; not a backslash that is itself escaped, with `u0000` behind it."""
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


async def receive_body(receive: Receive, content_length: str | None, limit: int) -> bytes:
    """The whole body, whether it comes with a Content-Length or in chunks. Raises BodyTooLarge as soon as it is."""
    if content_length is not None and _LENGTH.fullmatch(content_length) and int(content_length) > limit:
        raise BodyTooLarge
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise InvalidRequest("The body of the request ended early.")
        part: bytes = message.get("body", b"")
        body += part
        if len(body) > limit:
            raise BodyTooLarge
        if not message.get("more_body"):
            return body


def check_not_encoded(encodings: list[str]) -> None:
    """Raises UnsupportedMediaType for a body that would have to be unpacked first (RFC 9110, section 8.4; T8)."""
    if any(encoding.strip().lower() not in ("", "identity") for encoding in encodings):
        raise UnsupportedMediaType("The body of this request must not be encoded (Content-Encoding).")


class BodyReader:
    """Reads the body of one operation, in the one media type that the document names for it."""

    def __init__(self, definition: Mapping[str, Any], refusal: type[EndsessionError] = InvalidRequest) -> None:
        """`definition` is the resolved requestBody object; `refusal` is for JSON that does not keep to its schema."""
        self._refusal = refusal
        content = definition["content"]
        if list(content) not in ([FORM], [JSON]):
            raise BadDocument(f"a request body is either {FORM} or {JSON}")
        self.media_type: str = next(iter(content))
        schema = content[self.media_type]["schema"]
        self._required = bool(definition.get("required"))
        if self.media_type == FORM:
            self.fields = FieldReader(schema.get("properties", {}), schema.get("required", ()))
        else:
            self._validator = jsonschema_rs.Draft4Validator(schema, validate_formats=False)

    def check_media_type(self, content_type: str | None, body: bytes) -> None:
        """Raises UnsupportedMediaType. A body without any type is refused as well; no body needs none."""
        media_type, _, parameters = (content_type or "").partition(";")
        charset = parameters.strip().lower().removeprefix("charset=").strip('"')
        right = media_type.strip().lower() == self.media_type and charset in ("", "utf-8", "us-ascii")
        if not right and (body or content_type):
            raise UnsupportedMediaType(f"The body of this request must be {self.media_type} in UTF-8.")

    def read_json(self, body: bytes) -> Any:
        """The JSON value of `body`, held to the schema. Raises InvalidRequest, or the refusal of a schema."""
        if not body:
            if self._required:
                raise InvalidRequest("The body of the request is missing.")
            return None
        try:
            value = json.loads(body.decode(), object_pairs_hook=_unique)
            # Numbers that are no numbers and half characters parse, and would fail somewhere deeper.
            text = json.dumps(value, allow_nan=False, ensure_ascii=False)
            text.encode()
        except (ValueError, RecursionError):
            raise InvalidRequest("The body of the request is not valid JSON.") from None
        if _NUL.search(text):
            raise InvalidRequest("The body of the request holds a NUL character.")
        try:
            if not self._validator.is_valid(value):
                raise self._refusal(explain(next(self._validator.iter_errors(value)), "member"))
        except ValueError:  # the validator's own limit of depth
            raise InvalidRequest("The body of the request is nested too deeply.") from None
        return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is repeated")
    return members
