"""Published providers, proxies, browsers and apps, each a real part, for tests that put them together."""
