"""What a person sees: the question, the signed-out page, the page with the frames of apps, the error page.

Plain HTML, each page under a Content-Security-Policy (`csp.py`) that allows its own style and what it has to reach, and
nothing else. Only the page with frames has a script, which goes on early; it works without.
"""

from .render import AppState, Frame, Page, Pages, WayOn

__all__ = ["AppState", "Frame", "Page", "Pages", "WayOn"]
