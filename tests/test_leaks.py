"""The watch over the log of the whole run does notice."""

import logging

from tests.kit.logs import LeakWatch
from tests.kit.tokens import id_token


def test_a_token_in_a_log_is_noticed(leak_watch: LeakWatch) -> None:
    """In the message, in its arguments and in a traceback, at every level."""
    token = id_token()
    log = logging.getLogger("endsession.anything")
    log.debug("a message with %s", token)
    log.info("op_session=cookie-of-alice")
    try:
        raise ValueError(token)
    except ValueError:
        log.exception("an exception")
    assert len(leak_watch.leaks) == 3
    leak_watch.leaks.clear()
    log.debug("nothing of the kind")
    assert not leak_watch.leaks
