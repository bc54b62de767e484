"""Multipart forms that end early, are of another type, or lack what must be there."""

from __future__ import annotations

from hypothesis import strategies as st

_BOUNDARY = "b0undary"
_FORM_TYPE = f"multipart/form-data; boundary={_BOUNDARY}"


def _part(header: str, data: bytes) -> bytes:
    return f"--{_BOUNDARY}\r\n{header}\r\n\r\n".encode("latin-1") + data + b"\r\n"


_FILE = _part('Content-Disposition: form-data; name="file"; filename="a.jsonl"', b"{}")
_PURPOSE = _part('Content-Disposition: form-data; name="purpose"', b"batch")
_CLOSE = f"--{_BOUNDARY}--".encode()
_FORM = _PURPOSE + _FILE + _CLOSE


@st.composite
def bad_form(draw: st.DrawFn, provider: str) -> tuple[str | None, bytes, str]:
    """Content type, body and what is wrong."""
    match draw(st.integers(0, 4)):
        case 0:
            return _FORM_TYPE, _FORM[: draw(st.integers(0, len(_FORM) - 1))], "a form cut off"
        case 1:
            types = [
                None,
                "",
                "multipart/form-data",
                "multipart/form-data; boundary=",
                "application/json",
                "nonsense;;;=",
            ]
            types += [
                "multipart/form-data; boundary=" + "y" * 200,
                "multipart/form-data; boundary=\xe9",
                "multipart/mixed; boundary=b0undary",
            ]
            return draw(st.sampled_from(types)), _FORM, "a form of another type"
        case 2:
            return _FORM_TYPE, draw(st.binary(max_size=60)), "no form"
        case 3:
            spoilt_parts = [
                _part("Content-Disposition: form-data", b"x"),
                _part("", b"x"),
                _part("Content-Disposition: \xff\xfe;;;=", b"x"),
                _part("no colon", b"x"),
                _part("a b: c", b"x"),
            ]
            return _FORM_TYPE, _PURPOSE + _FILE + draw(st.sampled_from(spoilt_parts)) + _CLOSE, "a part without a name"
        case _:
            lacking = [_PURPOSE + _CLOSE, _CLOSE]
            if provider == "OpenAI":
                lacking += [
                    _FILE + _CLOSE,
                    _FILE + _part('Content-Disposition: form-data; name="purpose"', b"\xff") + _CLOSE,
                ]
            return _FORM_TYPE, draw(st.sampled_from(lacking)), "a form that lacks a field"
