"""What the tests of the contract stand on: a small contract, copies of it to break, and the recordings."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.contract import Contract, load_contract

if TYPE_CHECKING:
    from collections.abc import Callable

_SMALL = Path(__file__).parent / "fixtures" / "spec"


@pytest.fixture
def small() -> Contract:
    """The small contract, for the documented release."""
    return load_contract(None, _SMALL)


@pytest.fixture
def small_folder() -> Path:
    """Where the small contract lies."""
    return _SMALL


@pytest.fixture
def broken(tmp_path: Path) -> Callable[..., Path]:
    """Copies the small contract and replaces one text in one of its files."""

    def make(file: str, old: str, new: str) -> Path:
        folder = tmp_path / "spec"
        if not folder.exists():
            shutil.copytree(_SMALL, folder)
        path = folder / file
        text = path.read_text("utf-8")
        assert old in text, f"{old!r} does not stand in {file}"
        path.write_text(text.replace(old, new, 1), "utf-8")
        return folder

    return make


@pytest.fixture(scope="session")
def real() -> Contract:
    """The contract of the project, for the documented release."""
    return load_contract()


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of recordings; the test is skipped where there is none."""
    folder = os.environ.get("LIVECHAT_RECORDINGS")
    if not folder or not Path(folder).is_dir():
        pytest.skip("LIVECHAT_RECORDINGS names no folder of recordings")
    return Path(folder)
