"""Where a request's parameters come from (knob `post_params`), and what counts as naming something."""

import pytest

from endsession.protocol.errors import InvalidRequest
from endsession.protocol.policy import Policy
from endsession.protocol.request import LogoutRequest, merge_places

QUERY = {"state": "from-query"}
FORM = {"client_id": "from-form"}


def test_post_params_form() -> None:
    """A POST's parameters are in its form, and its query is not read."""
    policy = Policy(post_params="form")
    assert merge_places("POST", QUERY, FORM, policy) == FORM


def test_post_params_query() -> None:
    """A POST's parameters are in its query, and its form is not read."""
    policy = Policy(post_params="query")
    assert merge_places("POST", QUERY, FORM, policy) == QUERY


def test_post_params_form_or_query() -> None:
    """A POST's parameters may be in either."""
    policy = Policy(post_params="form_or_query")
    assert merge_places("POST", QUERY, FORM, policy) == QUERY | FORM


@pytest.mark.parametrize("value", ["form", "query", "form_or_query"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_parameter_in_both_places_is_refused(method: str, value: str) -> None:
    """Also where only one of the two would count: two readers could take different ones (T25)."""
    policy = Policy(post_params=value)  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest) as refusal:
        merge_places(method, {"state": "one"}, {"state": "one", "client_id": "web"}, policy)
    assert refusal.value.description == "The parameter state is in the query and in the form."


@pytest.mark.parametrize("value", ["form", "query", "form_or_query"])
def test_languages_in_both_places_are_no_error(value: str) -> None:
    """They are a preference: nothing depends on which of the two is read."""
    policy = Policy(post_params=value)  # type: ignore[arg-type]
    merged = merge_places("POST", {"ui_locales": "de"}, {"ui_locales": "en", "client_id": "web"}, policy)
    assert merged["ui_locales"] in ("de", "en")


@pytest.mark.parametrize("value", ["form", "query", "form_or_query"])
def test_get_takes_the_query(value: str) -> None:
    """The knob is about POST (R1)."""
    assert merge_places("GET", QUERY, FORM, Policy(post_params=value)) == QUERY  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (LogoutRequest("GET"), True),
        (LogoutRequest("POST", state="s", ui_locales="de"), True),
        (LogoutRequest("GET", client_id="web"), False),
        (LogoutRequest("GET", post_logout_redirect_uri="https://app.example/"), False),
        (LogoutRequest("GET", logout_hint="alice"), False),
    ],
)
def test_names_nothing(request_: LogoutRequest, expected: bool) -> None:
    """Neither state nor language says whose session is meant, or for whom, or where to."""
    assert request_.names_nothing is expected
