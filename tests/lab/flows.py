"""Flows that a provider of the lab may support, each with an app that is registered for it."""

from __future__ import annotations

from .clients import BANK, PHONE, WEB, Client
from .provider import Feature
from .rp import Flow

FLOWS: dict[Feature, tuple[Client, Flow]] = {
    "no_nonce": (WEB, Flow(nonce=False)),
    "no_pkce": (WEB, Flow(pkce=False)),
    "public_client": (PHONE, Flow()),
    "private_key_jwt": (BANK, Flow()),
    "par": (WEB, Flow(par=True)),
    "dpop": (WEB, Flow(dpop=True)),
    "form_post": (WEB, Flow(response_mode="form_post")),
    "jarm": (WEB, Flow(response_mode="jwt")),
    "hybrid": (WEB, Flow(response_type="code id_token")),
}
