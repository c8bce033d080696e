"""The document as one page for people who write clients: no script, nothing from elsewhere, anchors for every part."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from ..pages import Page
from ..pages.csp import page_csp
from .outline import Outline


def reference_page(outline: Outline) -> Page:
    """Render the page. It says nothing of a request, so it is rendered once."""
    style = (files(__package__) / "templates" / "reference.css").read_text()
    templates = Environment(
        loader=PackageLoader("endsession.reference"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {"markdown": _Markdown(outline)}
    html = templates.get_template("reference.html").render(outline=outline, style=style)
    return Page(html, page_csp(style=style))


class _Markdown:
    """CommonMark to HTML. HTML within it is shown and not obeyed; names of the document in code become links."""

    def __init__(self, outline: Outline) -> None:
        self._anchors = {operation.id: operation.id for group in outline.groups for operation in group.operations}
        self._anchors |= {schema.name: f"schema-{schema.name}" for schema in outline.schemas}
        self._parser = MarkdownIt("commonmark", {"html": False}).enable("table")
        self._parser.add_render_rule("code_inline", lambda _renderer, tokens, i, *_: self._code(tokens[i].content))

    def __call__(self, text: str, inline: bool = False) -> Markup:
        """`inline` leaves out the paragraph around it."""
        html = self._parser.renderInline(text.strip()) if inline else self._parser.render(text)
        return Markup(html)  # noqa: S704  # the parser escapes

    def _code(self, text: str) -> str:
        code = Markup("<code>{}</code>").format(text)
        anchor = self._anchors.get(text)
        return str(Markup('<a href="#{}">{}</a>').format(anchor, code) if anchor else code)
