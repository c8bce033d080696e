"""The headers of pages, in addition to their Content-Security-Policy (`csp.py`)."""

from __future__ import annotations

_NOT_USED = (
    "accelerometer", "autoplay", "bluetooth", "camera", "clipboard-read", "clipboard-write", "display-capture",
    "encrypted-media", "fullscreen", "gamepad", "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts",
    "magnetometer", "microphone", "midi", "payment", "picture-in-picture", "publickey-credentials-create",
    "publickey-credentials-get", "screen-wake-lock", "serial", "usb", "web-share", "window-management",
    "xr-spatial-tracking",
)  # fmt: skip
"""Features of browsers that no page uses, nor an app in a frame of it. `storage-access` is not among them: apps may."""

PAGE_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _NOT_USED),
}
"""A window that opened a page can neither swap it below a double click nor count its frames (T17). Redirects do not
have this: an app that logs out in a popup keeps hold of it, as long as none of our pages comes in between."""
