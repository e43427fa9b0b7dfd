"""What can go wrong between the suite and its target, each as one sentence that says the cause first.

Every exception here carries ``sentence`` (also its text) and ``exit_code``, the exit code of a run that it ends.
None of them is ever shown as a traceback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.contract.exchange import Exchange


class TargetError(Exception):
    """The base of all that can go wrong between the suite and its target.

    Attributes:
        sentence: What happened and what to do about it.
        exit_code: The exit code of a run that this ends.
    """

    exit_code = 3

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class SettingsError(TargetError):
    """An option, an environment variable or a file says something that cannot be meant."""

    exit_code = 2


class TargetUnreachable(TargetError):
    """Nothing answers at the URL: refused, unknown name, no route, TLS fault or no answer in time."""


class TargetNotHealthy(TargetError):
    """Something answers at the URL, but it is not a working Livechat API."""


class BadCredentials(TargetError):
    """The target refused the admin credentials."""

    exit_code = 2


class WriteRefused(TargetError):
    """A call that writes was asked for while writing is not allowed (``--read-only``); nothing was sent."""

    exit_code = 2


class SecondFactorNeeded(TargetError):
    """The target wants a second factor that the suite cannot give."""

    exit_code = 2


class BudgetExhausted(TargetError):
    """The time that a run or one of its calls may take is used up; what was not seen by then is *not reached*."""

    exit_code = 4


class TargetGone(BudgetExhausted):
    """The target answered at first, and has stopped: what was not seen by then is *not reached*."""


class RateLimitExceeded(BudgetExhausted):
    """The target kept answering 429 for longer than the suite may wait.

    It says nothing about the contract: the requirement under test is *not reached*, never *fail*.

    Attributes:
        exchange: The last refused exchange.
    """

    def __init__(self, sentence: str, exchange: Exchange) -> None:
        super().__init__(sentence)
        self.exchange = exchange
