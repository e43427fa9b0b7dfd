"""The matrix (operations by kind of check) and what of the contract was covered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from conformance.report.requirements import mark_of
from conformance.report.view import CoverageRow, MatrixCell, MatrixRow, RuleGroup, RuleView, StatusCell, UnseenView
from conformance.verdicts.result import OperationResult, RequirementResult, Result
from conformance.verdicts.words import heaviest, plural

KINDS: Final = ("accepts", "shape", "status", "refuses", "credentials", "permission", "scenario")


def matrix_of(result: Result) -> tuple[MatrixRow, ...]:
    """Give a row for each judged operation, in the order of the contract; a cell is the heaviest of its verdicts."""
    table: dict[tuple[str, str], list[RequirementResult]] = {}
    for each in result.requirements:
        for name in each.operations:
            table.setdefault((name, each.kind), []).append(each)
    rows = []
    for operation in result.operations:
        if operation.judged:
            cells = tuple(_cell(table.get((operation.id, kind), ()), operation.id, kind) for kind in KINDS)
            rows.append(MatrixRow(operation.id, _label(operation), operation.area, cells))
    return tuple(rows)


def general_of(result: Result) -> tuple[MatrixCell, ...]:
    """Give the row of the clauses that concern no single operation."""
    mine = [each for each in result.requirements if not each.operations]
    if not mine:
        return ()
    return tuple(_cell([each for each in mine if each.kind == kind], "all operations", kind) for kind in KINDS)


def statuses_of(result: Result) -> tuple[str, ...]:
    """Give all statuses that are documented or were seen; those without an answer come last."""
    seen = {status for each in result.operations if each.judged for status in (*each.documented, *each.statuses)}
    return tuple(sorted(seen - {"none"})) + (("none",) if "none" in seen else ())


def coverage_of(result: Result, statuses: tuple[str, ...]) -> tuple[CoverageRow, ...]:
    """Give for each judged operation which documented statuses were seen, and which others."""
    return tuple(
        CoverageRow(
            each.id,
            _label(each),
            each.requests,
            each.accepted,
            mark_of(each.verdict),
            tuple(_status(each, status) for status in statuses),
        )
        for each in result.operations
        if each.judged
    )


def unseen_of(result: Result) -> tuple[UnseenView, ...]:
    """Give the documented statuses that were never seen by their reasons, those without a reason first."""
    groups: dict[tuple[str, str], list[str]] = {}
    for each in result.operations:
        for status, why in each.unseen.items() if each.judged else ():
            groups.setdefault((status, why), []).append(each.id)
    ordered = sorted(groups.items(), key=lambda group: (bool(group[0][1]), group[0]))
    return tuple(UnseenView(status, why, tuple(names)) for (status, why), names in ordered)


def rules_of(result: Result) -> tuple[RuleGroup, ...]:
    """Give the rules of requests by operation, those seen on one side only first."""
    groups: dict[str, list[RuleView]] = {}
    for rule in result.coverage.constraints:
        groups.setdefault(rule.operation, []).append(RuleView(rule.place, rule.rule, rule.kept, rule.broken))
    return tuple(
        RuleGroup(
            operation,
            sum(bool(rule.kept and rule.broken) for rule in rules),
            tuple(sorted(rules, key=lambda rule: (bool(rule.kept and rule.broken), rule.place, rule.rule))),
        )
        for operation, rules in groups.items()
    )


def _cell(requirements: Iterable[RequirementResult], operation: str, kind: str) -> MatrixCell:
    mine = list(requirements)
    verdict = heaviest([each.verdict for each in mine])
    if verdict is None:
        return MatrixCell(None)
    first = next(each for each in mine if each.verdict is verdict)
    alike = sum(each.verdict is verdict for each in mine)
    if len(mine) == 1:
        text = f"{operation}, {kind}: {verdict.value} ({first.id}, {first.level})"
    else:
        text = f"{operation}, {kind}: {verdict.value} in {alike} of {plural(len(mine), 'requirement')}"
    return MatrixCell(mark_of(verdict), text, f"#{first.id}", len(mine))


def _status(operation: OperationResult, status: str) -> StatusCell:
    count = operation.statuses.get(status, 0)
    documented = status in operation.documented or f"{status[0]}XX" in operation.documented
    seen, unseen = ("seen", "never seen") if documented else ("not documented", "")
    word = seen if count else unseen
    return StatusCell(count, documented, word, "" if count else operation.unseen.get(status, ""))


def _label(operation: OperationResult) -> str:
    return f"{operation.method} {operation.path}"
