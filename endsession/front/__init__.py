"""The front: the provider's own endpoints, passed on to it, so that sessions are learnt from what passes.

An ASGI layer before the contract. A request whose host and path are exactly an endpoint of a provider is answered here;
all else goes to the contract. Only this room talks to the provider in a browser's or an app's name.
"""
