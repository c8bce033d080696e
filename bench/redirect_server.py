"""A server that only redirects, through the compiled contract: the floor that a complete logout stands on."""

from __future__ import annotations

import sys

import uvloop

from endsession.contract.app import build
from endsession.contract.document import load_document
from endsession.runtime.server import listener

from .redirect import Anybody, Redirecting

if __name__ == "__main__":
    app = build(load_document(), Anybody(), resolver=Redirecting())
    uvloop.run(listener(app, "127.0.0.1", int(sys.argv[1])).serve())
