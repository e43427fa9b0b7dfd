"""Reads the YAML files of the contract, fast, and remembers on which line everything stands.

The parser of libyaml builds the node tree; the values are made from it here, by the rules of YAML 1.2
(``yes`` and dates stay text, keys are always text), so that what an author wrote in an example is what a
validator sees. The node tree is kept: the line of any value is found by walking it, and costs nothing before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from conformance.contract.problems import ContractError

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None, "True": True, "False": False, "Null": None}
_INTEGER = re.compile(r"[-+]?\d+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?", re.ASCII)
_YAML_1_1_ONLY = re.compile(
    r"(?:y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF)"
    r"|\d{4}-\d\d?-\d\d?(?:(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d.*)?"
    r"|[-+]?0[0-7_]+|[-+]?0x[0-9a-fA-F_]+|[-+]?0b[01_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One parsed file: where it is, its text, its value, and the node tree that knows the lines."""

    path: Path
    text: str
    value: Any
    root: yaml.Node | None

    def line(self, *pointer: str | int) -> int:
        """Return the line, counted from 1, of the deepest part of ``pointer`` that exists."""
        node, line = self.root, 1
        for step in pointer:
            found: yaml.Node | None = None
            if isinstance(node, yaml.MappingNode):
                for key, value in node.value:
                    if key.value == str(step):
                        found, line = value, key.start_mark.line + 1
                        break
            elif isinstance(node, yaml.SequenceNode) and str(step).isdigit() and int(step) < len(node.value):
                found = node.value[int(step)]
                line = found.start_mark.line + 1
            if found is None:
                break
            node = found
        return line

    def ambiguous_scalars(self) -> list[tuple[int, str]]:
        """List plain scalars that readers of YAML 1.1 take for something else, as (line, text)."""
        out: list[tuple[int, str]] = []
        stack = [self.root] if self.root else []
        while stack:
            node = stack.pop()
            if isinstance(node, yaml.MappingNode):
                stack += [value for _, value in node.value]
            elif isinstance(node, yaml.SequenceNode):
                stack += node.value
            elif isinstance(node, yaml.ScalarNode) and not node.style and _YAML_1_1_ONLY.fullmatch(node.value):
                out.append((node.start_mark.line + 1, node.value))
        return sorted(out)


def _scalar(node: yaml.ScalarNode) -> Any:
    text: str = node.value
    if node.style or node.tag == "!":
        return text  # quoted, or a block of text: never anything but text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text) and (len(text.lstrip("+-")) == 1 or text.lstrip("+-")[0] != "0"):
        return int(text)
    if _FLOAT.fullmatch(text) and text.lstrip("+-") not in {"", "."} and not text.lstrip("+-").isdigit():
        return float(text)
    return text


def _construct(node: yaml.Node, path: Path) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return [_construct(item, path) for item in node.value]
    out: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise ContractError("yaml-keys", "a key must be a plain word", path, key.start_mark.line + 1)
        if key.value in out:
            raise ContractError(
                "yaml-keys", f"the key {key.value!r} stands twice in one mapping", path, key.start_mark.line + 1
            )
        out[key.value] = _construct(value, path)
    return out


def read_yaml(path: Path) -> Source:
    """Return one parsed file; a second call for the same unchanged file returns the same object.

    The value is shared: whoever wants to change it copies it first.

    Raises:
        ContractError: The file is absent, is not UTF-8, is not YAML, or repeats a key.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise ContractError("file-exists", f"the file cannot be read: {error.strerror}", path) from None
    return _read(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=64)
def _read(path: Path, _mtime_ns: int, _size: int) -> Source:
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ContractError("file-is-utf-8", f"the file is not UTF-8: {error.reason}", path) from None
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ContractError("file-is-yaml", f"this is not YAML: {error.problem or error.context}", path, line) from None
    except yaml.YAMLError as error:
        raise ContractError("file-is-yaml", f"this is not YAML: {' '.join(str(error).split())}", path) from None
    finally:
        loader.dispose()
    return Source(path, text, _construct(root, path) if root else None, root)
