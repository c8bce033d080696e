"""HTML forms as a browser sends them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

UNSENT = ("submit", "button", "image", "reset", "file")


@dataclass
class Form:
    """A form of a page. `buttons` are the names and values of those that send it."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def has(self, name: str) -> bool:
        """Whether it has a field of that name."""
        return any(key == name for key, _ in self.fields)

    def filled(self, values: dict[str, str], button: str | None = None) -> list[tuple[str, str]]:
        """What is sent with these values in it; a field or button that is not there is an error.

        A button is written as its name, or as `name=value` where several have that name.
        """
        missing = [name for name in values if not self.has(name)]
        assert not missing, f"the form has no {missing}, but {[name for name, _ in self.fields]}"
        pairs = [(name, values.get(name, value)) for name, value in self.fields]
        pressed = [pair for pair in self.buttons if button in (pair[0], "=".join(pair))]
        assert button is None or pressed, f"the form has no button {button}, but {self.buttons}"
        return pairs + pressed[:1]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._by_id: dict[str, Form] = {}
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(values.get("action", ""), values.get("method", "get").upper())
            self.forms.append(self._open)
            self._by_id[values.get("id", "")] = self._open
        elif tag in ("input", "button"):
            form = self._by_id.get(values["form"]) if "form" in values else self._open
            if form is not None and "disabled" not in values:
                _take(form, tag, values)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


def _take(form: Form, tag: str, values: dict[str, str]) -> None:
    """Add a control to the form that it is of, if it is one that can be sent."""
    kind = values.get("type", "submit" if tag == "button" else "text").lower()
    name, value = values.get("name", ""), values.get("value", "")
    if kind == "submit":
        form.buttons.append((name, value))
    elif kind in ("checkbox", "radio"):
        if name and "checked" in values:
            form.fields.append((name, value or "on"))
    elif name and kind not in UNSENT:
        form.fields.append((name, value))


def forms_of(text: str) -> list[Form]:
    """The forms of a page, in order. Of the controls it knows `input` and `button`, which is what providers use."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.forms
