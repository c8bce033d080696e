"""`endsession proxy`: the routing of a fronted issuer, as the configuration of a published proxy.

`plan` says which path goes where; each template of `templates/` says it in the words of one proxy.
"""
