"""The standard streams: each of them may be closed, and the output may be a file on a full disk."""

from __future__ import annotations

import contextlib
import os
import sys

import click


class OutputLost(click.ClickException):
    """The standard output could not be written to.

    Args:
        error: What the system said.
        code: The exit code of the command.
    """

    def __init__(self, error: OSError, code: int) -> None:
        super().__init__(f"The standard output cannot be written to: {error.strerror or error}.")
        vars(self)["exit_code"] = code
        forget_output()


def at_terminal() -> bool:
    """Whether somebody sits there who can be asked; a closed standard input is none at all."""
    return sys.stdin is not None and sys.stdin.isatty()


def is_output_lost(error: OSError) -> bool:
    """Whether it was the standard output that could not be written to: the error itself names no file for it.

    Only one more write can tell, so a line end is tried.
    """
    if error.filename is not None or sys.stdout is None:
        return False
    try:
        sys.stdout.write("\n")
        sys.stdout.flush()
    except OSError:
        return True
    return False


def forget_output() -> None:
    """Let what waits for the standard output go nowhere: Python would complain once more when it flushes at exit."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
