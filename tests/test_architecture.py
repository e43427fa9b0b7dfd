"""The rules of the house: who imports whom, how long a module is, and no private parts of the engine."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent
_PACKAGE = _ROOT / "conformance"
_MODULES = sorted(_PACKAGE.rglob("*.py"))
_LONGEST = 500

MAY_IMPORT: dict[str, set[str]] = {
    "contract": set(),
    "target": {"contract"},
    "verdicts": {"contract"},
    "world": {"contract", "target"},
    "suite": {"contract", "target", "verdicts", "world"},
    "report": {"contract", "verdicts"},
    "reference": {"contract"},
    "faults": {"contract", "reference", "verdicts"},
}
"""Each part of the package and the others that it may import; parts that are not named here may import all but cli."""

_DRIVERS = ("prove", "generic_evidence")
"""Modules of faults whose names begin so drive whole runs, and may import what a run is made of."""


def _part(path: Path) -> str:
    return path.relative_to(_PACKAGE).parts[0].removesuffix(".py")


@cache
def _imported(path: Path) -> list[tuple[str, int]]:
    """Return the absolute names of all modules that a file imports anywhere in it, and the lines."""
    found: list[tuple[str, int]] = []
    package = path.relative_to(_ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            found += [(f"{module}.{alias.name}", node.lineno) for alias in node.names]
    return found


@pytest.mark.parametrize("part", sorted(MAY_IMPORT))
def test_a_part_imports_only_what_it_may(part: str) -> None:
    """The suite knows a target by its URL alone; nothing reaches around the order of the house."""
    allowed = {part, "__version__", *MAY_IMPORT[part]}
    wrong = [
        f"{path.relative_to(_ROOT)}:{line} imports {name}"
        for path in _MODULES
        if _part(path) == part and not (part == "faults" and path.name.startswith(_DRIVERS))
        for name, line in _imported(path)
        if name.startswith("conformance.") and name.split(".")[1] not in allowed
    ]
    assert wrong == []


def test_nothing_but_the_entry_points_imports_the_command_line() -> None:
    """Commands stand on everything; nothing stands on commands."""
    wrong = [
        f"{path.relative_to(_ROOT)}:{line} imports {name}"
        for path in _MODULES
        if _part(path) not in ("cli", "__main__")
        for name, line in _imported(path)
        if name.startswith("conformance.cli")
    ]
    assert wrong == []


@pytest.mark.parametrize("part", ["suite", "world", "target", "verdicts", "report"])
def test_the_judging_parts_never_know_the_reference_server(part: str) -> None:
    """Neither by an import nor by its name in a call of importlib."""
    for path in _MODULES:
        if _part(path) == part:
            text = path.read_text("utf-8")
            for name in ("conformance.reference", "conformance.faults"):
                assert name not in text, f"{path.relative_to(_ROOT)} speaks of {name}"


def test_the_engine_is_used_by_its_public_surface() -> None:
    """schemathesis' private modules and names change without notice."""
    wrong = [
        f"{path.relative_to(_ROOT)}:{line} imports {name}"
        for path in _MODULES
        for name, line in _imported(path)
        if name.split(".")[0] in ("schemathesis", "hypothesis", "jsonschema_rs")
        and any(step.startswith("_") or step == "internal" for step in name.split(".")[1:])
    ]
    assert wrong == []


def test_a_module_has_one_subject_and_so_few_lines() -> None:
    """A few hundred lines; more of them are two subjects."""
    lengths = {path.relative_to(_ROOT): len(path.read_text("utf-8").splitlines()) for path in _MODULES}
    assert {str(path): length for path, length in lengths.items() if length >= _LONGEST} == {}


def test_every_module_says_what_it_is() -> None:
    """The first thing in a module is a docstring, and its first line is a sentence or a title that fits a line."""
    for path in _MODULES:
        text = path.read_text("utf-8")
        if not text.strip():
            continue
        docstring = ast.get_docstring(ast.parse(text))
        assert docstring, f"{path.relative_to(_ROOT)} has no docstring"


def test_no_file_is_left_half_done() -> None:
    """Marks of unfinished work do not belong into the tree."""
    marks = tuple("".join(parts) for parts in (("TO", "DO"), ("FIX", "ME"), ("XX", "X:"), ("Not", "ImplementedError")))
    for path in _MODULES:
        text = path.read_text("utf-8")
        found = [mark for mark in marks if mark in text]
        assert not found, f"{path.relative_to(_ROOT)} holds {found}"
