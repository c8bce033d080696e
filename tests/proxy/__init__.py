"""Tests of `endsession proxy`: each printed configuration is run by the proxy that it is for."""
