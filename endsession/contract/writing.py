"""The document, written out on request: to be read by people as well as by programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

_WIDTH = 120


class _Dumper(yaml.SafeDumper):
    """Writes what a person would: texts of several lines as blocks, lists indented, nothing by reference."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def as_yaml(raw: Mapping[str, Any]) -> bytes:
    """The document as YAML, in UTF-8."""
    return yaml.dump(dict(raw), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH).encode()


def as_json(raw: Mapping[str, Any]) -> bytes:
    """The document as JSON, compact."""
    return json.dumps(raw, separators=(",", ":")).encode()
