"""The reference of all settings, made from the models: `python -m endsession.settings.reference > docs/settings.md`.

A setting's documentation stands below it in the code, and nowhere else.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import sys
import textwrap
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from endsession.protocol.client import Client
from endsession.protocol.policy import Policy

from .issuer import PolicyOverrides
from .model import PREFIX, Settings
from .problems import PLACEHOLDERS, Location, generic, variable_name
from .shape import entry, is_simple, item, members, plain
from .values import Rate, Sha256, duration, is_duration

_INTRODUCTION = f"""\
# Settings

Made by `python -m endsession.settings.reference > docs/settings.md`; a test fails when it is out of date.

Settings come from three sources. The environment goes before the secrets folder, and that before the file.

* **The file** is TOML: `endsession.toml` in the current folder, or what `--config` or `ENDSESSION_CONFIG` names.
  Relative paths in it start at its folder. Unknown keys are errors.
* **The secrets folder** is named by `ENDSESSION_SECRETS_DIR`. Each file in it is named like an environment variable and
  holds its value; a line break at the end does not count. Other files are left alone.
* **The environment**: the name of each setting is given below. Names of your own (issuers, clients) stand in it in
  upper case, with `_` for every character but letters and digits: the preset of the issuer `my-op` is
  `{PREFIX}ISSUERS__MY_OP__PRESET`. Strings are taken as they are; lists and tables are JSON. A name that leads nowhere
  is an error. What is set here merges into the file's tables and replaces its lists.

What Kubernetes and container links set by themselves for a Service called `endsession` or `endsession-NAME`
(`{PREFIX}SERVICE_HOST`, `{PREFIX}SERVICE_PORT_HTTP`, `{PREFIX}PORT_8080_TCP_ADDR` and so on) is ignored, and
so is `{PREFIX}URL`. `{PREFIX}PORT` is ignored if it is a URL such as `tcp://10.0.0.1:8080`, as it is there.

Durations are written with a unit: `500ms`, `5s`, `10m`, `24h`, `30d`; a bare number is seconds.
`endsession check` tells everything that is wrong with the settings at once, with its place and a fix.
"""


def reference() -> str:
    """The text of `docs/settings.md`."""
    seen: dict[Any, str] = {}
    return "\n".join([_INTRODUCTION, *_table(Settings, (), seen)])


def _table(kind: Any, location: Location, seen: dict[Any, str]) -> Iterator[str]:
    """The section of a table: its own settings first, then the tables in it. A kind of table is described once."""
    below = members(kind) or {}
    heading = generic(location)
    if location:
        yield f"## {heading}\n"
        yield f"{_paragraph(inspect.getdoc(plain(kind)) or '')}\n"
    if (before := seen.setdefault(plain(kind), heading)) != heading:
        yield f"The settings are those of [{before}](#{before.lower().replace('.', '')}).\n"
        return
    inner = []
    for name, written in below.items():
        table, where = _inner_table(written, (*location, name))
        if table is not None:
            inner.append((table, where))
        if table is None or _is_list(written):
            yield from _setting(plain(kind), name, written, (*location, name))
    for table, where in inner:
        yield from _table(table, where, seen)


def _inner_table(written: Any, location: Location) -> tuple[Any, Location]:
    """The table that a setting holds, itself or in a list or under names, and where its settings are."""
    if members(written) is not None:
        return written, location
    if members(entry(written)) is not None:
        return entry(written), (*location, PLACEHOLDERS[str(location[-1])])
    if members(item(written)) is not None:
        return item(written), (*location, 0)
    return None, location


def _is_list(written: Any) -> bool:
    return item(written) is not None


def _setting(owner: Any, name: str, written: Any, location: Location) -> Iterator[str]:
    variable = f"`{variable_name(PREFIX, location)}`"
    in_list = "in the list " if any(isinstance(part, int) for part in location) else ""
    facts = [in_list + variable, _kind(owner, name, written), _default(owner, name, written)]
    yield f"### {generic(location)}\n"
    yield f"{' · '.join(filter(None, facts))}\n"
    yield f"{_docs_of(owner)[name]}\n"


def _kind(owner: Any, name: str, written: Any) -> str:
    if is_duration(written):
        return "duration" + _bounds(owner, name, seconds=True)
    for special, word in ((Rate, "rate"), (Sha256, "hex digits")):
        if written == special or special in get_args(written):
            return word + _bounds(owner, name)
    kind = plain(written)
    if get_origin(kind) is Literal:
        choices = [f"`{choice}`" if choice else "empty" for choice in get_args(kind)]
        return f"one of {', '.join(choices)}"
    if (inner := item(kind)) is not None:
        return "list of strings" if is_simple(inner) else "list of tables"
    words = {str: "string", int: "whole number", float: "number", bool: "true or false"}
    return words.get(kind, "string" if is_simple(kind) else "table") + _bounds(owner, name)


def _bounds(owner: Any, name: str, *, seconds: bool = False) -> str:
    words = []
    field = owner.model_fields[name] if issubclass(owner, BaseModel) else None
    for bound in field.metadata if field else ():
        for attribute, word in (("gt", "more than"), ("ge", "from"), ("le", "to")):
            value = getattr(bound, attribute, None)
            if value is not None and not (seconds and attribute == "ge"):
                words.append(f"{word} {duration(value) if seconds else f'{value:g}' if value < 10_000 else value}")
    return f" {' '.join(words)}" if words else ""


def _default(owner: Any, name: str, written: Any) -> str:
    if owner is PolicyOverrides:
        return "default as the preset has it"
    if (owner, name) == (Client, "client_id"):
        return "the name of the table"
    if issubclass(owner, BaseModel):
        value = owner.model_fields[name].default
    else:
        (field,) = (dataclass for dataclass in dataclasses.fields(owner) if dataclass.name == name)
        value = PydanticUndefined if field.default is dataclasses.MISSING else field.default
    if value is PydanticUndefined:
        return "required"
    if value is None or value in ((), {}, ""):
        return ""
    if is_duration(written):
        return f"default `{duration(value)}`"
    return f"default `{value if isinstance(value, str) else json.dumps(value)}`"


def _docs_of(owner: Any) -> dict[str, str]:
    """The text below each setting of a table."""
    if owner is PolicyOverrides:
        return {knob: f"{text} [More](policy.md#{knob})." for knob, text in _docs_of(Policy).items()}
    return attribute_docs(owner)


def attribute_docs(kind: type) -> dict[str, str]:
    """The string below each attribute of a class, which Python itself throws away.

    pydantic's `use_attribute_docstrings` would read them at every start, which takes longer than all else here.
    """
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(tree, ast.ClassDef)
    texts: dict[str, str] = {}
    for attribute, below in zip(tree.body, tree.body[1:], strict=False):
        if (
            isinstance(attribute, ast.AnnAssign)
            and isinstance(attribute.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
        ):
            texts[attribute.target.id] = _paragraph(str(below.value.value))
    return texts


def _paragraph(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    sys.stdout.write(reference())
