"""JSON bodies must match the schemas of the document."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from jsonschema import Draft4Validator

from ..exchange import Exchange
from ..target import Operation, Target


def schema_problems(exchange: Exchange, operation: Operation | None, target: Target) -> Iterator[str]:
    """Where the body of a response does not match its schema. Values are not repeated: they may be secret."""
    if operation is None or exchange.method == "HEAD" or exchange.status not in operation.statuses:
        return
    if not exchange.media_type.endswith("json"):
        return
    response = target.document.resolved(operation.definition["responses"][str(exchange.status)])
    schema = response.get("content", {}).get(exchange.media_type, {}).get("schema")
    if schema is None:
        return
    body = exchange.json()
    if body is None:
        yield "the body is not JSON"
        return
    validator = _validator(target, operation.path, operation.method, exchange.status, exchange.media_type)
    error = next(validator.iter_errors(body), None)
    if error is not None:
        yield f"{'/'.join(map(str, error.absolute_path)) or 'the body'} violates {error.validator} of its schema"


@lru_cache(maxsize=1024)
def _validator(target: Target, path: str, method: str, status: int, media_type: str) -> Any:
    """Compiled once for each kind of response. References are resolved among the document's components."""
    operation = target.operation(path, method)
    assert operation is not None
    response = target.document.resolved(operation.definition["responses"][str(status)])
    schema = response["content"][media_type]["schema"]
    return Draft4Validator({"allOf": [schema], "components": target.document.raw.get("components", {})})
