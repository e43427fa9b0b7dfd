"""Forms of a value that a test has made out of it: a script has to make them of its own value in the same way.

A placeholder may name a form behind a dot: ``{{auth:agent.lower}}`` is the agent's token in small letters. Names carry
the prefix of a run, which may stand in a request in another form as well: in capital letters, cut, or percent-encoded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

PREFIX: Final = re.compile(r"lcx-[0-9a-z]{1,13}-[0-9a-z]{1,12}-[0-9a-f]{4}(?![0-9A-Za-z])", re.ASCII)
"""What the name of everything begins with that a run makes."""
SCRIPT_PREFIX: Final = "lcx-0-script-714e"
"""What the names begin with that a script of a report makes: the prefix of a worker ``script`` of a run with seed 0."""


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a value.

    Attributes:
        made: Makes it.
        bash: A command that prints it; ``{}`` is the value as the shell expands it.
        python: An expression; ``{}`` is the variable.
        prefix: How the prefix of a run looks in this form; ``None`` where no test writes it so.
    """

    made: Callable[[str], str]
    bash: str
    python: str
    prefix: re.Pattern[str] | None = None


def _coded(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def _half(text: str) -> str:
    kept = len(text) // 2
    return text[:kept] + "x" * (len(text) - kept)


_HALF_IN_BASH: Final = (
    """printf %s "${}" | awk '{{n = length($0); half = substr($0, 1, int(n / 2)); """
    """while (length(half) < n) half = half "x"; print half}}'"""
)
_LETTER: Final = r"(?:%3[0-9]|%6[1-9A-F]|%7[0-9A])"
FORMS: Final = {
    "upper": Form(
        str.upper,
        'printf %s "${}" | tr a-z A-Z',
        "{}.upper()",
        re.compile(r"LCX-[0-9A-Z]{1,13}-[0-9A-Z]{1,12}-[0-9A-F]{4}(?![0-9A-Za-z])", re.ASCII),
    ),
    "lower": Form(str.lower, 'printf %s "${}" | tr A-Z a-z', "{}.lower()"),
    "swapcase": Form(str.swapcase, 'printf %s "${}" | tr A-Za-z a-zA-Z', "{}.swapcase()"),
    "without-last": Form(lambda text: text[:-1], 'printf %s "${}" | sed "s/.$//"', "{}[:-1]"),
    "without-first": Form(lambda text: text[1:], 'printf %s "${}" | cut -c2-', "{}[1:]"),
    "without-two": Form(
        lambda text: text[2:],
        'printf %s "${}" | cut -c3-',
        "{}[2:]",
        re.compile(rf"(?<![0-9A-Za-z-]){PREFIX.pattern[2:]}", re.ASCII),
    ),
    "half-right": Form(
        _half,
        _HALF_IN_BASH,
        '{0}[: len({0}) // 2].ljust(len({0}), "x")',
    ),
    "coded": Form(
        _coded,
        "printf %s \"${}\" | od -An -v -tx1 | tr -d '\\n' | tr a-f\\  A-F%",
        '"".join(f"%{{each:02X}}" for each in {}.encode())',
        re.compile(rf"%6C%63%78%2D{_LETTER}{{1,13}}%2D{_LETTER}{{1,12}}%2D(?:%3[0-9]|%6[1-6]){{4}}"),
    ),
}
"""The forms by name."""
_FORMED: Final = re.compile(rf"\.({'|'.join(FORMS)})$")


def split(placeholder: str) -> tuple[str, str]:
    """The value that a placeholder's name speaks of, and its form; an empty one is the value itself."""
    found = _FORMED.search(placeholder)
    return (placeholder[: found.start()], found[1]) if found else (placeholder, "")


def formed(value: str, form: str) -> str:
    """A value in a form; an empty form leaves it as it is."""
    return FORMS[form].made(value) if form else value


def prefixes(base: str) -> dict[str, re.Pattern[str]]:
    """How the prefix of a run may stand in a request: placeholder to pattern."""
    made = {f"{base}.{name}": each.prefix for name, each in FORMS.items() if each.prefix is not None}
    return {base: PREFIX, **made}
