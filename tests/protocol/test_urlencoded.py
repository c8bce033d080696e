"""Fields of a query or a form: decoded as urllib decodes them, in a time that no input makes long."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from endsession.protocol.urlencoded import MAX_ESCAPES, decoded, fields


@given(st.lists(st.tuples(st.text(), st.text()), max_size=20))
def test_fields_come_back_as_a_form_encodes_them(written: list[tuple[str, str]]) -> None:
    """What a browser encodes is decoded to the same, name for name and value for value."""
    try:
        encoded = urlencode(written).encode()
    except UnicodeEncodeError:
        return  # half a character: no browser sends it
    read = [(decoded(name), decoded(value)) for name, value in fields(encoded)]
    assert read == [(name.encode(), value.encode()) for name, value in written]


_PIECES = st.sampled_from([b"%", b"%4", b"%41", b"%fF", b"%5c", b"\\", b"\\x41", b"\\n", b"\xe9", b"+", b"u0041"])


@given(st.lists(_PIECES | st.binary(max_size=3)).map(b"".join))
@example(b"%")
@example(b"%\\")
@example(b"\\%41")
def test_any_bytes_are_decoded_as_urllib_does(encoded: bytes) -> None:
    """Malformed escapes stand for themselves, and a backslash means nothing."""
    assert decoded(encoded) == unquote_to_bytes(encoded.replace(b"+", b" "))


def test_fields_without_a_value_or_a_name() -> None:
    """A name alone has an empty value; of nothing there is no field."""
    assert list(fields(b"&a&=b&c=&&d=e=f&")) == [(b"a", b""), (b"", b"b"), (b"c", b""), (b"d", b"e=f")]


@pytest.mark.parametrize(("escapes", "read"), [(MAX_ESCAPES, True), (MAX_ESCAPES + 1, False)])
def test_malformed_escapes_are_decoded_up_to_a_number(escapes: int, read: bool) -> None:
    """Those take the slow way, in which each costs something."""
    assert (decoded(b"%41" * (escapes - 1) + b"%zz") is not None) is read
    assert decoded(b"%41" * escapes) == b"A" * escapes
