"""Where the contract lies: inside an installed package, or at the top of a checkout."""

from __future__ import annotations

from pathlib import Path

from conformance.contract.problems import ContractError

_PACKAGE = Path(__file__).resolve().parent.parent


def spec_dir(spec: Path | str | None = None) -> Path:
    """Return the folder that holds ``openapi.yaml``.

    Args:
        spec: A folder that the caller insists on; without it the packaged folder ``conformance/spec`` is taken,
            and where that does not exist the folder ``spec`` of the checkout.

    Raises:
        ContractError: No such folder holds an ``openapi.yaml``.
    """
    candidates = [Path(spec)] if spec is not None else [_PACKAGE / "spec", _PACKAGE.parent / "spec"]
    for candidate in candidates:
        if (candidate / "openapi.yaml").is_file():
            return candidate
    raise ContractError(
        "contract-exists",
        "no openapi.yaml was found here: point --spec at a folder that holds one, or reinstall the package",
        candidates[-1],
    )
