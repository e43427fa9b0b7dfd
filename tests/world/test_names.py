"""Names: ours are told from names that only resemble them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.world import Names, owns, run_prefix
from conformance.world.names import is_own_phone, own_prefix


@given(seed=st.integers(0, 2**63 - 1), worker=st.sampled_from(["main", "gw0", "gw17", "stage"]))
def test_every_name_of_ours_is_recognised(seed: int, worker: str) -> None:
    """Tokens, names, addresses and numbers of every run."""
    names = Names(run_prefix(seed, worker))
    for made in (names.next("v"), names.next("d"), names.email(), names.phone()):
        assert owns(made)
    assert own_prefix(names.next("v")) == names.prefix
    assert names.prefix == run_prefix(seed, worker)


@given(text=st.one_of(st.text(), st.from_regex(r"lcx-[0-9a-z]{1,6}-[a-z0-9]{1,5}(-[a-z0-9]{1,4})?", fullmatch=True)))
def test_names_that_only_resemble_ours_are_not(text: str) -> None:
    """A foreign name has no valid check; one in 65,536 by chance, and none in this test."""
    assert not owns(text)


@pytest.mark.parametrize(
    "name",
    [
        "lcx-agent",
        "lcx-1z-gw0",
        "lcx-1z-gw0-0000-v1",
        "x lcx",
        "LCX-1Z-GW0-0000",
        None,
        5,
        "99912345678",
        "+49301234567",
    ],
)
def test_resembling_names_are_foreign(name: object) -> None:
    """Nothing that somebody else may have called so is ours."""
    assert not owns(name)


def test_a_valid_prefix_inside_a_name_does_not_make_it_ours() -> None:
    """Only names that begin with it; and the check may not run on into other letters."""
    prefix = run_prefix(7, "gw0")
    assert not owns(f"copy of {prefix}-v1")
    assert not owns(f"{prefix}abc")
    assert owns(prefix)


def test_names_are_given_out_once() -> None:
    """Two calls never give the same name, two workers neither."""
    one, two = Names(run_prefix(7, "gw0")), Names(run_prefix(7, "gw1"))
    made = [names.next(kind) for names in (one, two) for kind in ("v", "d") for _ in range(50)]
    phones = [names.phone() for names in (one, two) for _ in range(50)]
    assert len(set(made)) == 200
    assert len(set(phones)) == 100


def test_telephone_numbers_carry_a_check() -> None:
    """A number of ours with one digit changed is not ours; the plus sign does not matter."""
    phone = Names(run_prefix(7, "gw0")).phone()
    assert is_own_phone(phone)
    assert is_own_phone(phone.lstrip("+"))
    assert not is_own_phone(phone[:-1] + str((int(phone[-1]) + 1) % 10))
