"""The contract's own rules: what every operation, requirement and overlay of it must be.

A rule is a function that yields problems; all of them run for every server version on which overlays differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.contract.contract import Contract, load_contract
from conformance.contract.defects import read_corrections, read_defects
from conformance.contract.lint_document import document_problems
from conformance.contract.lint_operations import operation_problems
from conformance.contract.lint_requirements import requirement_problems
from conformance.contract.locate import spec_dir
from conformance.contract.overlays import read_overlay
from conformance.contract.problems import ContractError, Problem
from conformance.contract.versions import RECORDED, parse_version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def lint_versions(folder: Path) -> list[str]:
    """Return the server versions on which the contract differs: the recorded ones and every bound of an overlay."""
    versions = set(RECORDED)
    for path in sorted((folder / "overlays").glob("*.yaml")):
        overlay = read_overlay(path)
        versions |= {bound for bound in (overlay.since, overlay.until) if bound}
    return sorted(versions, key=parse_version)


def lint_contract(spec: Path | str | None = None) -> list[Problem]:
    """Return every broken rule of the contract, each once, by file and line.

    A contract that cannot even be loaded gives the one problem that stopped it.

    Raises:
        ContractError: There is no contract at all.
    """
    folder = spec_dir(spec)
    found: dict[tuple[str, int, str, str], Problem] = {}
    try:
        for version in lint_versions(folder):
            for problem in _problems(load_contract(version, folder)):
                found.setdefault((problem.file, problem.line, problem.rule, problem.sentence), problem)
    except ContractError as error:
        found.setdefault((error.file, error.line, error.rule, str(error)), error.problem)
    return [found[key] for key in sorted(found)]


def _problems(contract: Contract) -> Iterator[Problem]:
    yield from document_problems(contract)
    yield from operation_problems(contract)
    yield from requirement_problems(contract)
    yield from _data_problems(contract)


def _data_problems(contract: Contract) -> Iterator[Problem]:
    """Known defects and corrections: they name operations and requirements that exist."""
    path = contract.folder / "known-defects.yaml"
    for defect in read_defects(path):
        if defect.operation is not None and defect.operation not in contract.operations:
            sentence = f"{defect.id} names an unknown operation {defect.operation}"
            yield Problem("known-defect", sentence, str(path), defect.line)
        if defect.requirement is not None and defect.requirement not in contract.requirements:
            sentence = f"{defect.id} names an unknown requirement {defect.requirement}"
            yield Problem("known-defect", sentence, str(path), defect.line)
    read_corrections(contract.folder / "recording-corrections.yaml")
