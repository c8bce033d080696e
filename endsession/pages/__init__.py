"""What a person sees: the question, the signed-out page, the error page.

Plain HTML without script, under a Content-Security-Policy that allows nothing but our own style and our own form.
"""

from .render import AppState, Frame, Page, Pages, WayOn

__all__ = ["AppState", "Frame", "Page", "Pages", "WayOn"]
