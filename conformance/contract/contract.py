"""The contract as one object: loaded once, immutable, for one version of servers."""

from __future__ import annotations

import hashlib
import re
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.contract.check import Checker, is_success
from conformance.contract.loading import Source, read_yaml
from conformance.contract.locate import spec_dir
from conformance.contract.model import Mismatch, Operation, Profile, Requirement
from conformance.contract.operations import Builder, prune
from conformance.contract.overlays import Overlay, apply_overlay, read_overlay
from conformance.contract.pointers import from_pointer, get, references, resolve
from conformance.contract.problems import ContractError
from conformance.contract.requirements import read_profiles, read_requirements
from conformance.contract.routing import Router
from conformance.contract.validators import Validator, Validators, brief
from conformance.contract.versions import DOCUMENTED, NEWEST, in_range, is_newer, parse_version

if TYPE_CHECKING:
    from conformance.contract.exchange import Exchange, Request, Response

MODES = ("auto", "documented")
_OPERATION_ID = re.compile(r"^\s*operationId:\s*['\"]?([\w.-]+)", re.MULTILINE)


class Contract:
    """The contract for one server version.

    Attributes:
        version: The contract's own version (``info.version``).
        server_version: The server version for which overlays were chosen.
        hash: First 16 hexadecimal digits of the SHA-256 over all files of the contract.
        overlays: The overlays that were applied.
        document: The OpenAPI document with the overlays applied; shared, not to be changed.
        operations: Every operation by ``operationId``, in the order of the document.
        requirements: Every requirement by id.
        retired: Ids that may never come back.
        profiles: Profiles and features by id.
        newest: The newest line of servers that the contract knows.
        folder: Where its files are.
    """

    def __init__(
        self,
        document: dict[str, Any],
        operations: tuple[Operation, ...],
        requirements: tuple[Requirement, ...],
        retired: dict[str, Any],
        profiles: dict[str, Profile],
        overlays: tuple[Overlay, ...],
        server_version: str,
        digest: str,
        source: Source,
        requirements_source: Source | None,
        profiles_source: Source | None,
    ) -> None:
        self.document = document
        self.operations = {operation.id: operation for operation in operations}
        self.requirements = {requirement.id: requirement for requirement in requirements}
        self.retired = retired
        self.profiles = profiles
        self.applied = overlays
        self.overlays = tuple(overlay.name for overlay in overlays)
        self.server_version = server_version
        self.hash = digest
        self.source = source
        self.requirements_source = requirements_source
        self.profiles_source = profiles_source
        self.newest = NEWEST
        self.folder = source.path.parent
        self.version = str(document.get("info", {}).get("version", ""))
        self.validators = Validators(
            document, lambda sentence, steps: ContractError("schema", sentence, source.path, source.line(*steps))
        )
        self._router = Router(operations)
        self._by_kind: dict[tuple[str, str], Requirement] = {}
        for requirement in requirements:
            if requirement.kind != "scenario" and self.applies(requirement, server_version):
                for operation in requirement.operations:
                    self._by_kind.setdefault((operation, requirement.kind), requirement)
        self._checker = Checker(self.validators, self._requirement_id)

    def __repr__(self) -> str:
        """Version, operations and overlays."""
        return f"<Contract {self.version} for {self.server_version}, overlays {', '.join(self.overlays) or 'none'}>"

    @cached_property
    def judged(self) -> tuple[Operation, ...]:
        """The operations that requirements speak of, in the order of the document."""
        return tuple(operation for operation in self.operations.values() if operation.judged)

    @cached_property
    def features(self) -> tuple[str, ...]:
        """The ids of the optional features, in the order of ``profiles.yaml``."""
        return tuple(profile.id for profile in self.profiles.values() if profile.is_feature)

    def _requirement_id(self, operation: str, kind: str) -> str:
        found = self._by_kind.get((operation, kind))
        return found.id if found else ""

    def requirement_for(self, operation_id: str, kind: str) -> Requirement | None:
        """Return the requirement of one kind that judges an operation for this server version, or ``None``."""
        return self._by_kind.get((operation_id, kind))

    def applies(self, requirement: Requirement, version: str | None = None) -> bool:
        """Say whether a requirement holds for a server version (without one: for the version of this contract)."""
        return in_range(version or self.server_version, requirement.since, requirement.until)

    def is_newer(self, version: str) -> bool:
        """Say whether a target's version is newer than anything the contract knows."""
        return is_newer(version, self.newest)

    def match(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """Return the operation that a request addresses, with its decoded path parameters, or ``None``."""
        return self._router.match(method, path)

    def resolve(self, node: Any) -> Any:
        """Return what a reference object at the top of ``node`` refers to, or ``node`` itself."""
        return resolve(self.document, node)

    def validator(self, pointer: tuple[str | int, ...]) -> Validator:
        """Return the compiled validator of the schema at ``pointer`` of the document."""
        return self.validators.at(pointer)

    def _operation(self, operation: Operation | str) -> Operation:
        return self.operations[operation] if isinstance(operation, str) else operation

    def check_request(self, request: Request, operation: Operation | str) -> list[Mismatch]:
        """Return what makes a request ill-formed, empty for a well-formed one; credentials are not looked at."""
        return list(self._checker.request(self._operation(operation), request))

    def check_response(self, operation: Operation | str, response: Response) -> list[Mismatch]:
        """Return where a response departs from what is documented for its status."""
        return list(self._checker.response(self._operation(operation), response))

    def operation_of(self, exchange: Exchange) -> Operation | None:
        """Return the operation that an exchange names, else the one that its path addresses, or ``None``."""
        operation = self.operations.get(exchange.operation or "")
        if operation is None:
            found = self.match(exchange.request.method, exchange.request.path)
            return found[0] if found else None
        return operation

    def check(self, exchange: Exchange) -> list[Mismatch]:
        """Return every point on which an exchange breaks the contract.

        That is what is wrong with the response, and, of kind ``accepted``, a success for a request that the contract
        refuses: then the shape of that success is not looked at, for the contract has none for it. The same holds for
        a success that answers a body which real servers let pass, since servers repeat in it what they were sent. An
        ill-formed request that the server refused too is in order. Nothing is said about operations that the contract
        does not know, nor where no response came.
        """
        operation = self.operation_of(exchange)
        if exchange.response is None or operation is None:
            return []
        if operation.judged and is_success(exchange.response):
            accepted = self.accepted(operation, exchange.request, exchange.response.status)
            if accepted and not accepted.tolerated:
                return [accepted]
            if accepted and not accepted.pointer.startswith(("?", ":", "@")):
                return []
        return self.check_response(operation, exchange.response)

    def accepted(self, operation: Operation, request: Request, status: int) -> Mismatch | None:
        """Return the mismatch of a success for a request that the contract refuses, or ``None`` for a well-formed one.

        It is marked as tolerated where all that is wrong with the request is known to be let pass by real servers.
        """
        faults = self.check_request(request, operation)
        if not faults:
            return None
        first = min(faults, key=lambda fault: fault.tolerated)
        return Mismatch(
            "request",
            "accepted",
            operation.id,
            first.requirement,
            first.pointer,
            f"the server answered {status} to a request that the contract refuses: {first.message}",
            "a refusal",
            brief(status),
            first.schema_pointer,
            first.tolerated,
        )


def load_contract(version: str | None = None, spec: Path | str | None = None, mode: str = "auto") -> Contract:
    """Return the contract for a server version; a second call with the same arguments returns the same object.

    Args:
        version: The target's version; without it the documented release.
        spec: The folder of the contract; without it the packaged one or that of the checkout.
        mode: ``documented`` judges by the documented release whatever the version is.

    Raises:
        ContractError: A file is absent or broken, or the version is not one; the sentence names file, line and rule.
    """
    if mode not in MODES:
        raise ContractError("contract-mode", f"the contract is either {' or '.join(MODES)}, not {mode!r}")
    folder = spec_dir(spec)
    wanted = DOCUMENTED if version is None or mode == "documented" else version
    try:
        parse_version(wanted)
    except ValueError as error:
        raise ContractError("server-version", str(error)) from None
    files = [folder / "openapi.yaml", folder / "requirements.yaml", folder / "profiles.yaml"]
    files += sorted((folder / "overlays").glob("*.yaml"))
    stamps = tuple((path, stat.st_mtime_ns, stat.st_size) for path in files if path.is_file() and (stat := path.stat()))
    return _load(folder, wanted, stamps)


@lru_cache(maxsize=16)
def _load(folder: Path, version: str, stamps: tuple[tuple[Path, int, int], ...]) -> Contract:
    source = read_yaml(folder / "openapi.yaml")
    document = source.value
    if not isinstance(document, dict) or not str(document.get("openapi", "")).startswith("3.1"):
        raise ContractError("openapi-version", "the contract begins with `openapi: 3.1.0`", source.path, 1)
    all_overlays = [read_overlay(path) for path, _, _ in stamps if path.parent.name == "overlays"]
    overlays = tuple(overlay for overlay in all_overlays if overlay.applies(version))
    for overlay in overlays:
        document = apply_overlay(document, overlay)
    document = prune(document, version)
    _references(document, source)
    operations = _operations(document, source)
    present = {path.name for path, _, _ in stamps}
    requirements: tuple[Requirement, ...] = ()
    retired: dict[str, Any] = {}
    profiles: dict[str, Profile] = {}
    requirements_source = profiles_source = None
    if "requirements.yaml" in present:
        requirements, retired, requirements_source = read_requirements(folder / "requirements.yaml")
    if "profiles.yaml" in present:
        profiles, profiles_source = read_profiles(folder / "profiles.yaml")
    return Contract(
        document,
        operations,
        requirements,
        retired,
        profiles,
        overlays,
        version,
        _digest(path for path, _, _ in stamps),
        source,
        requirements_source,
        profiles_source,
    )


def _references(document: dict[str, Any], source: Source) -> None:
    known: set[str] = set()
    for steps, reference in references(document):
        if reference in known:
            continue
        try:
            get(document, from_pointer(reference))
        except KeyError:
            sentence = f"the reference {reference} leads nowhere"
            raise ContractError("reference", sentence, source.path, source.line(*steps)) from None
        known.add(reference)


def _operations(document: dict[str, Any], source: Source) -> tuple[Operation, ...]:
    lines: dict[str, int] = {}
    at = number = 0
    for found in _OPERATION_ID.finditer(source.text):
        number += source.text.count("\n", at, found.start(1))
        at = found.start(1)
        lines.setdefault(found[1], number + 1)

    def fail(rule: str, sentence: str, steps: tuple[str | int, ...]) -> ContractError:
        return ContractError(rule, sentence, source.path, source.line(*steps))

    def line_of(name: str, steps: tuple[str | int, ...]) -> int:
        return lines.get(name) or source.line(*steps)

    built: dict[str, Operation] = {}
    for operation in Builder(document, fail).operations(line_of):
        if operation.id in built:
            raise ContractError(
                "operation-id", f"the operationId {operation.id} is given twice", source.path, operation.line
            )
        built[operation.id] = operation
    return tuple(built.values())


def _digest(paths: Any) -> str:
    whole = hashlib.sha256()
    for path in sorted(paths, key=lambda path: str(path.name)):
        content = path.read_bytes()
        whole.update(f"{path.name}\0{len(content)}\0".encode())
        whole.update(content)
    return whole.hexdigest()[:16]
