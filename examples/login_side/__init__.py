"""For a provider that can be changed: what its login service says to the gateway, where no front stands before it.

`docs/login-side.md` explains the calls. With a front (`docs/front.md`) none of them is needed.
"""
