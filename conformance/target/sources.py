"""Where options come from: the command line, the environment and a TOML file, in this order of precedence."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from conformance.target.errors import SettingsError
from conformance.target.options import BY_FIELD, BY_NAME, ENV_PREFIX, OPTIONS, Option, did_you_mean, parse, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_FILE: Final = "livechat-conformance.toml"
_LARGEST_FILE: Final = 1_000_000

Layer = dict[str, tuple[Any, str]]
"""What one source says: ``field -> (value, where)``; ``where`` is how a sentence names the place."""


def from_cli(given: Mapping[str, Any]) -> Layer:
    """What the command line says; keys are option names or fields, ``None`` and empty lists mean "not given".

    A flag that is ``False`` also means "not given": a switch on a command line can only be set.

    Raises:
        SettingsError: A key is no option, or a value is ill-formed.
    """
    layer: Layer = {}
    for key, value in given.items():
        option = _find(str(key), "the command line", "--")
        if value is None or value == () or value == [] or (option.kind == "flag" and value is False):
            continue
        where = "The URL" if option.kind == "url" else f"--{option.name}"
        layer[option.field] = (parse(option, value, where), where)
    return layer


def from_env(env: Mapping[str, str]) -> Layer:
    """What the environment says; an empty variable means "not given".

    Raises:
        SettingsError: A variable with the prefix is no option, or a value is ill-formed.
    """
    layer: Layer = {}
    names = {option.env: option for option in OPTIONS}
    for name in sorted(env):
        if not name.startswith(ENV_PREFIX) or name.startswith(ENV_PREFIX + "_") or name == ENV_PREFIX + "CONFIG":
            continue
        if name not in names:
            near = (
                did_you_mean(name.lower(), [known.lower() for known in names])
                .upper()
                .replace("DID YOU MEAN", "Did you mean")
            )
            raise SettingsError(
                f"The environment variable {shown(name)} is no option of this suite.{near} Correct or unset it."
            )
        if env[name].strip():
            layer[names[name].field] = (parse(names[name], env[name], name), name)
    return layer


def from_file(path: Path) -> Layer:
    """What a TOML file says: a flat table of option names.

    Raises:
        SettingsError: The file cannot be read, is not TOML, has an unknown key or an ill-formed value.
    """
    layer: Layer = {}
    for key, value in read_toml(path).items():
        option = _find(key, str(path), "")
        where = f"{option.name} in {path}"
        if option.field in layer:
            raise SettingsError(
                f"{path} gives {shown(option.name)} twice, with a dash and with an underscore: keep one."
            )
        layer[option.field] = (parse(option, value, where), where)
    return layer


def find_file(path: str | Path | None, env: Mapping[str, str]) -> Path | None:
    """The configuration file: ``--config``, else ``LIVECHAT_CONFORMANCE_CONFIG``, else the default one where it exists.

    Raises:
        SettingsError: A file was named that is not there.
    """
    named = path or env.get(ENV_PREFIX + "CONFIG", "").strip() or None
    try:
        if named is None:
            default = Path(DEFAULT_FILE)
            return default if default.is_file() else None
        if not Path(named).exists():
            raise SettingsError(
                f"The configuration file {shown(str(named))} does not exist: correct --config or leave it out."
            )
    except (OSError, ValueError) as problem:
        raise SettingsError(f"The configuration file {shown(str(named))} cannot be looked at: {problem}.") from None
    return Path(named)


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Raises:
        SettingsError: It cannot be read, is too large, is not UTF-8 or not TOML; the sentence names line and column.
    """
    try:
        if path.is_file() and path.stat().st_size > _LARGEST_FILE:
            raise SettingsError(
                f"The file {path} is larger than {_LARGEST_FILE:,} bytes: that is no configuration file."
            )
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except (OSError, ValueError) as problem:
        if isinstance(problem, OSError):
            raise SettingsError(f"The file {path} cannot be read: {problem.strerror or problem}.") from None
        if isinstance(problem, UnicodeDecodeError):
            raise SettingsError(f"The file {path} is not UTF-8 (byte {problem.start}): save it as UTF-8.") from None
        raise SettingsError(f"The file {path} is not TOML: {problem}.") from None
    except RecursionError:
        raise SettingsError(f"The file {path} is nested too deeply: options are a flat table.") from None


def _find(key: str, where: str, dashes: str) -> Option:
    name = key.replace("_", "-")
    option = BY_NAME.get(name) or BY_FIELD.get(key)
    if option is None:
        near = did_you_mean(name, BY_NAME).replace('"', f'"{dashes}', 1)
        raise SettingsError(f"{shown(dashes + key)} in {where} is no option.{near}")
    return option
