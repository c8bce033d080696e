"""Which of Django's sessions belong to which session of the provider, and what has ended."""

from __future__ import annotations

import time
from importlib import import_module

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import IntegrityError, models, transaction

from examples.receivers.logout_token import CLOCK_SKEW, BadLogoutToken, LogoutToken
from examples.receivers.sessions import SIGN_IN, AlreadyEnded


class SignIn(models.Model):
    """A session of Django's that began with an ID token. Any `SESSION_ENGINE` but signed cookies, which cannot end."""

    session_key = models.CharField(max_length=40, primary_key=True)
    sub = models.CharField(max_length=255, db_index=True)
    sid = models.CharField(max_length=255, db_index=True, null=True)


class Seen(models.Model):
    """A token that was used, and a session that has ended, for as long as somebody could come with it again."""

    name = models.CharField(max_length=512, primary_key=True)
    until = models.FloatField()


def begin(session: SessionBase, sub: str, sid: str | None) -> None:
    """Call it after `django.contrib.auth.login`, with `sub` and `sid` of the checked ID token. Raises AlreadyEnded."""
    session.save()
    SignIn.objects.update_or_create(session_key=session.session_key, defaults={"sub": sub, "sid": sid})
    if Seen.objects.filter(name=f"sid {sid}").exists():  # asked last: `end` marks it before it looks for sign-ins
        session.flush()
        raise AlreadyEnded


def end(token: LogoutToken) -> None:
    """End what a token names. Raises BadLogoutToken if its `jti` was used before."""
    now = time.time()
    if token.sid:
        Seen.objects.update_or_create(name=f"sid {token.sid}", defaults={"until": now + SIGN_IN})
    with transaction.atomic():
        Seen.objects.filter(until__lt=now).delete()
        try:
            with transaction.atomic():
                Seen.objects.create(name=f"jti {token.jti}", until=token.exp + CLOCK_SKEW)
        except IntegrityError:
            raise BadLogoutToken("its jti was used before") from None
        named = SignIn.objects.filter(**({"sid": token.sid} if token.sid else {"sub": token.sub}))
        for sign_in in named:
            import_module(settings.SESSION_ENGINE).SessionStore().delete(sign_in.session_key)
        named.delete()
