"""Bodies: from the bytes of the wire to a ``Body``, bounded in size and never raising."""

from __future__ import annotations

import json
import re
import zlib
from typing import TYPE_CHECKING, Any, Final, NoReturn

from conformance.contract.exchange import Body

if TYPE_CHECKING:
    from conformance.target.redact import Redactor

TEXT_LIMIT: Final = 64 * 1024
"""Bytes of a body that is not JSON which are kept as text."""
_MOST_VALUES: Final = 1_200_000
"""Values of a body beyond which it is not parsed: each takes a hundred bytes and more of memory, whatever it says."""
_MANY: Final = 1024 * 1024
"""Bytes up to which nobody counts."""
_TEXTS: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_DEEPEST: Final = 200
"""Levels of nesting beyond which a body is kept as text: no answer of this API comes near, and readers recurse."""


class Inflater:
    """Undoes one content encoding, never yielding more than asked for: a small answer may unfold to a gigantic one."""

    def __init__(self, encoding: str) -> None:
        names = [name.strip().lower() for name in encoding.split(",") if name.strip().lower() not in {"", "identity"}]
        self.supported = not names or names in (["gzip"], ["x-gzip"], ["deflate"])
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 32) if names and self.supported else None
        self._first = names == ["deflate"]

    def feed(self, chunk: bytes, limit: int) -> bytes:
        """At most ``limit`` bytes that ``chunk`` stands for.

        Raises:
            ValueError: The bytes are not of the declared encoding.
        """
        if self._inflate is None:
            return chunk[:limit]
        try:
            data = self._inflate.decompress(chunk, limit)
        except zlib.error as problem:
            if not self._first:
                raise ValueError(f"the body is not what its content encoding says ({problem})") from None
            # Some servers say "deflate" and send it without the zlib wrapper.
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
            self._first = False
            return self.feed(chunk, limit)
        self._first = False
        return data

    @property
    def finished(self) -> bool:
        """Whether the compressed stream is whole."""
        return self._inflate is None or self._inflate.eof


def read_json(text: str) -> tuple[bool, Any]:
    """Whether a text is JSON, and its value; ``NaN`` is no JSON, and nesting without end is none to us.

    An object with a key twice is none either: clients do not agree on what it says (RFC 8259, section 4).
    """
    try:
        value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        return False, None
    return (True, value) if _shallow(value) else (False, None)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice in an object")
    return made


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _shallow(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        deeper = [item for item in level if isinstance(item, (dict, list)) and item]
        if not deeper:
            return True
        level = [child for item in deeper for child in (item.values() if isinstance(item, dict) else item)]
    return False


def whole(text: str) -> str:
    """A text that can be written as UTF-8: lone halves of surrogate pairs become U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _whole_json(value: Any) -> Any:
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, list):
        return [_whole_json(item) for item in value]
    if isinstance(value, dict):
        return {whole(key): _whole_json(item) for key, item in value.items()}
    return value


def refuse_masses(data: bytearray) -> None:
    """Let a body pass that can be parsed without filling the memory.

    Raises:
        ValueError: It holds too many values.
    """

    def count(text: bytes | bytearray) -> int:
        return text.count(b",") + text.count(b"[") + text.count(b"{")

    if len(data) <= _MANY or count(data) <= _MOST_VALUES:
        return
    # Signs inside of texts are none of JSON's.
    values = count(_TEXTS.sub(b'""', data))
    if values > _MOST_VALUES:
        raise ValueError(f"it holds {values:,} values, and more than {_MOST_VALUES:,} are not kept in memory")


def capture(
    data: bytes | bytearray, redactor: Redactor, path: str, *, size: int | None = None, cut: bool = False
) -> Body:
    """A body as an exchange holds it: parsed where it is JSON, else text; secrets replaced.

    Args:
        data: The bytes, decompressed.
        redactor: Replaces secrets.
        path: The path of the request.
        size: The true length, where ``data`` is less than the wire carried.
        cut: Whether ``data`` is less than the wire carried.
    """
    length = len(data) if size is None else size
    if cut:
        data = data[: TEXT_LIMIT * 2]
    try:
        text = data.decode("utf-8")
        broken = False
    except UnicodeDecodeError:
        text = data[: TEXT_LIMIT * 2].decode("utf-8", "replace")
        broken = True
    del data
    is_json, value = (False, None) if cut or broken else read_json(text)
    if is_json:
        # Only an escape can bring in half a surrogate pair.
        value = _whole_json(value) if "\\u" in text else value
        del text
        return Body(json=redactor.json(value, path), is_json=True, size=length)
    shortened = len(text) > TEXT_LIMIT
    # Secrets are replaced before the cut, so that half of one cannot stay.
    kept = redactor.text(text[: TEXT_LIMIT + 4096])[:TEXT_LIMIT] if shortened else redactor.text(text)
    return Body(text=whole(kept), size=length, cut=cut or shortened)
