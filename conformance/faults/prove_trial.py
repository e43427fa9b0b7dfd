"""What the proof's coordinator and its workers tell each other: a trial to make, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.faults.prove_scripts import Reproduced

CONTROL = "control"
"""What the name of a trial begins with that has the options of a fault, and not the fault: ``control:<fault>``."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One fault to be planted into a fresh server, and the tests to run against it.

    Attributes:
        fault: Its id; ``control:<id>`` takes its options only.
        seed: The seed of everything random in this trial.
        first: Names of the tests that can see it, in the order in which they are run.
        rest: Whether all other tests are run after them, as long as it was not found.
        limit_s: Seconds after which the trial is given up.
        reproduce: Whether the reproductions of what was found are run as well.
    """

    fault: str
    seed: int
    first: tuple[str, ...] = ()
    rest: bool = True
    limit_s: float = 600.0
    reproduce: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What one trial brought to light.

    Attributes:
        fault: The id of the fault.
        seed: The seed of the trial.
        requirement: The broken requirement under which it was found, one of those that the fault names; empty where it
            was not found.
        check: The check that found it.
        item: The test in which that happened.
        sentence: What the check said.
        directly: Whether it was found by the tests that were chosen for it.
        requests: Requests that were sent until then, the tests' preparation included.
        seconds: Seconds until then, from the start of the server.
        reproduction: The first line of the reproduction: the deciding request as a curl line.
        others: Other requirements that turned the run red: the wrong names for this fault, if it was not found.
        errors: Tests that ended in an error of their own, with its last line: defects of the suite.
        failure: Why the trial could not be made or was given up; ``None`` for a whole trial.
        tests: How many tests were run.
        reproduced: What became of the reproductions, where they were run.
    """

    fault: str
    seed: int
    requirement: str = ""
    check: str = ""
    item: str = ""
    sentence: str = ""
    directly: bool = False
    requests: int = 0
    seconds: float = 0.0
    reproduction: str = ""
    others: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    failure: str | None = None
    tests: int = 0
    reproduced: Reproduced | None = None

    @property
    def found(self) -> bool:
        """Whether the fault was found under a requirement that it names."""
        return bool(self.requirement)
