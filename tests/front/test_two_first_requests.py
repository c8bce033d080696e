"""A browser whose first two requests are under way at once gets two cookies, of which the last one stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.flow import HTML, asks

from .fronted import fronted
from .people import Person, exchange

pytestmark = pytest.mark.usefixtures("backend")


async def test_a_logout_with_the_other_cookie_is_not_taken_for_done(tmp_path: Path) -> None:
    """The session is bound to the cookie that was lost: the user is asked, instead of told that there is none."""
    async with fronted(tmp_path) as front:
        front.provider.resumes = True  # the code comes past the front
        alice, other_tab = Person("alice"), Person("alice")
        begun = await alice.authorize(front.http)
        await other_tab.authorize(front.http)
        tokens = (await exchange(front.http, begun)).json()
        assert await front.browser_of(tokens) == [alice.cookie_digest]
        page = await front.http.get(
            "/bye",
            params={"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": "https://web.example/signed-out"},
            headers={**other_tab.cookie_header, "accept": HTML},
        )
        assert asks(page), (page.status_code, page.headers, page.text)
