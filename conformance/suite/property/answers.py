"""Answers: what an answer says about the call, in the terms of the schema-driven clauses."""

from __future__ import annotations

from conformance.contract import Contract, Operation, error_code, is_validation_failure
from conformance.contract.exchange import Exchange
from conformance.suite.judge import describe, is_accepted
from conformance.suite.property.constraints import Breach

__all__ = ["describe", "is_absent", "is_accepted", "is_bare", "is_refusal", "refusal_fault", "refused_as_ill_formed"]


def is_bare(exchange: Exchange) -> bool:
    """Whether an answer is 400 with ``success: false`` and nothing else."""
    return exchange.status == 400 and exchange.json == {"success": False}


def is_refusal(exchange: Exchange) -> bool:
    """Whether an answer is a client error without a success envelope."""
    status = exchange.status
    body = exchange.json
    return status is not None and 400 <= status < 500 and not (isinstance(body, dict) and body.get("success") is True)


def refused_as_ill_formed(exchange: Exchange) -> bool:
    """Whether an answer refuses the form of a call: a validation error with its text, or the page of the parser."""
    if exchange.response is None or exchange.status not in (400, 415):
        return False
    if not exchange.response.body.is_json:
        return True
    return is_validation_failure(exchange.response) and not is_bare(exchange)


def refusal_fault(breach: Breach, exchange: Exchange) -> str | None:
    """What is wrong with the answer to an ill-formed call, or ``None`` where it was refused as it should be."""
    if not is_refusal(exchange):
        return "a refusal"
    if exchange.status not in (400, 415):
        return "400"
    if breach.anyhow or exchange.response is None:
        return None
    if breach.codes:
        return None if error_code(exchange.response) in breach.codes else "400 with " + " or ".join(breach.codes)
    return None if is_validation_failure(exchange.response) else "400 with a validation error"


def is_absent(contract: Contract, operation: Operation, exchange: Exchange) -> bool:
    """Whether an answer is one of those by which a server says that it does not have an optional feature."""
    profile = contract.profiles.get(operation.optional or "")
    if profile is None or exchange.response is None:
        return False
    for allowed in profile.raw.get("absent_answers", ()):
        status, _, rest = str(allowed).partition(" ")
        if str(exchange.status) != status:
            continue
        if not rest or error_code(exchange.response) == rest:
            return True
        if rest == "with success false and no error" and is_bare(exchange):
            return True
        body = exchange.json
        if rest == "with message and no error" and isinstance(body, dict) and "message" in body and "error" not in body:
            return body.get("sanitizedError") is None
    return False
