"""What code an error answer carries, whichever of the server's six shapes it came in.

The same refusal has a different body depending on how a handler reports it (facts, section 0.2). Tests and
reports speak of the code alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.contract.exchange import Response

_CLASS_NAMES = {"Meteor.Error", "Match.Error"}
_TRAILING_CODE = re.compile(r"\[([^\[\]]+)\]\s*\Z")
VALIDATION = "Match error:"
"""How the text of a parameter that was refused begins, in every shape that has a text."""


def error_code(response: Response) -> str | None:
    """Return the code of an error answer, or ``None`` where it names none.

    ``errorType`` is the code unless it is the name of an error class; else ``error`` is, and of a text that ends
    in ``[code]`` only that code. A refused parameter has no code: see :func:`is_validation_failure`.
    """
    body = response.body.json
    if not isinstance(body, dict) or body.get("success") is True:
        return None
    kind = body.get("errorType")
    if isinstance(kind, str) and kind and kind not in _CLASS_NAMES:
        return kind
    error = body.get("error")
    if not isinstance(error, str) or not error or error.startswith(VALIDATION):
        return None
    found = _TRAILING_CODE.search(error)
    return found.group(1) if found else error


def is_validation_failure(response: Response) -> bool:
    """Say whether an answer refuses a parameter: status 400, no success, and, where it has a text, a validation text.

    A bare ``{"success": false}`` counts, for some handlers drop the text of a validation error (shapes S3 and S4).
    An answer that carries a code of its own does not.
    """
    body = response.body.json
    if response.status != 400 or not isinstance(body, dict) or body.get("success") is not False:
        return False
    texts = [body[key] for key in ("error", "message", "reason") if isinstance(body.get(key), str) and body[key]]
    return all(text.startswith(VALIDATION) for text in texts[:1]) and error_code(response) is None
