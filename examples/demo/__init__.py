"""A demo to click through: a provider (OP), two apps (RPs) and the real gateway, in one process on one port.

The host name says who answers: `login.localhost` is the provider with the gateway behind it, `calendar.localhost` and
`mail.localhost` are the apps. Browsers find names below `localhost` on this machine by themselves (RFC 6761).

It is an example of how a provider and an app work with the gateway. It is no example of a provider: anyone who asks is
signed in, without a password.
"""
