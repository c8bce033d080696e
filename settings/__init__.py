"""Everything an operator can set, and the policy presets.

`load` reads one TOML file, the environment (`ENDSESSION_*`) and a folder of secrets, and either returns `Settings` that
hold together or raises `BadSettings` with every problem at once: the setting, its environment name, its place and a
fix.
"""

from .advice import advice
from .front import Front
from .issuer import ClientTable, Cookie, IssuerSettings
from .load import load
from .model import ManagementToken, Server, Settings
from .policies import complaint, policy_for, preset_policy, serves
from .problems import BadSettings, Problem

__all__ = [
    "BadSettings",
    "ClientTable",
    "Cookie",
    "Front",
    "IssuerSettings",
    "ManagementToken",
    "Problem",
    "Server",
    "Settings",
    "advice",
    "complaint",
    "load",
    "policy_for",
    "preset_policy",
    "serves",
]
