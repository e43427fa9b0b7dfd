"""What is wrong with a contract, said so that its author can mend it at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule of the contract.

    Attributes:
        rule: The name of the rule, for example ``operation-has-area``.
        sentence: What is wrong, one sentence, without file and line.
        file: The file at fault, as a path that the author can open; empty where no file is at fault.
        line: The line in that file, counted from 1; 0 where the whole file is meant.
    """

    rule: str
    sentence: str
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        """``FILE:LINE: sentence [rule]``, the form that editors can jump to."""
        place = f"{self.file}:{self.line}: " if self.line else f"{self.file}: " if self.file else ""
        return f"{place}{self.sentence} [{self.rule}]"


class ContractError(Exception):
    """The contract cannot be used: a file is absent, is not what it should be, or contradicts itself.

    Attributes:
        problem: The broken rule, with file and line.
    """

    def __init__(self, rule: str, sentence: str, file: str | Path = "", line: int = 0) -> None:
        self.problem = Problem(rule, sentence, str(file), line)
        super().__init__(str(self.problem))

    @property
    def file(self) -> str:
        """The file at fault."""
        return self.problem.file

    @property
    def line(self) -> int:
        """The line at fault, counted from 1, or 0."""
        return self.problem.line

    @property
    def rule(self) -> str:
        """The name of the broken rule."""
        return self.problem.rule
