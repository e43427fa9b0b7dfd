"""The contract: what a server must, should and may do, read from ``spec/``.

:func:`load_contract` is the one way in. It gives a :class:`Contract`: typed operations and requirements, and
judgement of requests and responses. A broken contract raises :class:`ContractError`, which names file, line and rule.
"""

from conformance.contract.contract import Contract, load_contract
from conformance.contract.errors import error_code, is_validation_failure
from conformance.contract.exchange import Body, Exchange, Request, Response
from conformance.contract.locate import spec_dir
from conformance.contract.model import Example, Header, MediaType, Mismatch, Operation, Parameter, Profile, Requirement
from conformance.contract.problems import ContractError, Problem
from conformance.contract.versions import DOCUMENTED, NEWEST, parse_version

__all__ = [
    "DOCUMENTED",
    "NEWEST",
    "Body",
    "Contract",
    "ContractError",
    "Example",
    "Exchange",
    "Header",
    "MediaType",
    "Mismatch",
    "Operation",
    "Parameter",
    "Problem",
    "Profile",
    "Request",
    "Requirement",
    "Response",
    "error_code",
    "is_validation_failure",
    "load_contract",
    "parse_version",
    "spec_dir",
]
