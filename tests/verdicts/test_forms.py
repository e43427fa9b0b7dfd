"""Forms of a value: what a test has made of its own value, a script makes of another one by bash and by Python."""

from __future__ import annotations

import re
import subprocess
from shutil import which

import pytest

from conformance.verdicts.forms import FORMS, PREFIX, formed, prefixes, split

_VALUES = ("lcx-3-main-0a1b", "Jq_9sK-x2bZ", "a")


@pytest.mark.parametrize("form", FORMS)
def test_python_makes_the_same_form(form: str) -> None:
    """The expression that stands in a script gives what the suite gives."""
    for value in _VALUES:
        assert eval(FORMS[form].python.format("VALUE"), {"VALUE": value}) == formed(value, form)


@pytest.mark.skipif(which("bash") is None, reason="bash is needed")
@pytest.mark.parametrize("form", FORMS)
def test_bash_makes_the_same_form(form: str) -> None:
    """The command that stands in a script prints what the suite gives."""
    for value in _VALUES:
        script = f'set -eu\nVALUE=$1\nMADE=$({FORMS[form].bash.format("VALUE")})\nprintf %s "$MADE"'
        done = subprocess.run(["bash", "-c", script, "-", value], capture_output=True, text=True, check=True)
        assert done.stdout == formed(value, form)


@pytest.mark.parametrize("form", [name for name, each in FORMS.items() if each.prefix is not None])
def test_the_prefix_of_a_run_is_known_in_the_form(form: str) -> None:
    """And not taken for the prefix as it is, nor for that of another form."""
    made = formed("lcx-3k2-main-0a1b", form)
    known = [name for name, pattern in prefixes("RUN").items() if re.fullmatch(pattern, made)]
    assert known == [f"RUN.{form}"]
    assert not PREFIX.fullmatch(made)


def test_a_placeholder_names_a_value_and_its_form() -> None:
    """Behind the last dot; a name with another dot in it has no form."""
    assert split("auth:agent.lower") == ("auth:agent", "lower")
    assert split("auth:agent") == ("auth:agent", "")
    assert split("auth:a.gent") == ("auth:a.gent", "")
