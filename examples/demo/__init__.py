"""A demo to click through: a published provider (OP), unmodified, behind the gateway's front, and two apps (RPs).

The host name says who answers: `login.localhost` is the provider with the gateway before its OpenID endpoints,
`calendar.localhost` and `mail.localhost` are the apps. Browsers find names below `localhost` on this machine by
themselves (RFC 6761). The provider is a process of its own; everything else is in this one, on one port.
"""
