"""The server under judgement: settings, probe, personas, throttle and the recording client."""

from __future__ import annotations

from conformance.target.client import ABSENT, RecordingClient
from conformance.target.errors import (
    BadCredentials,
    BudgetExhausted,
    RateLimitExceeded,
    SecondFactorNeeded,
    SettingsError,
    TargetError,
    TargetGone,
    TargetNotHealthy,
    TargetUnreachable,
    WriteRefused,
)
from conformance.target.personas import NOBODY, Caller, Persona
from conformance.target.ports import Silence, Sink
from conformance.target.probe import Identity, TargetInfo, probe
from conformance.target.settings import Settings, load_settings
from conformance.target.throttle import Limiter, Throttle
from conformance.target.vigil import Vigil

__all__ = [
    "ABSENT",
    "NOBODY",
    "BadCredentials",
    "BudgetExhausted",
    "Caller",
    "Identity",
    "Limiter",
    "Persona",
    "RateLimitExceeded",
    "RecordingClient",
    "SecondFactorNeeded",
    "Settings",
    "SettingsError",
    "Silence",
    "Sink",
    "TargetError",
    "TargetGone",
    "TargetInfo",
    "TargetNotHealthy",
    "TargetUnreachable",
    "Throttle",
    "Vigil",
    "WriteRefused",
    "load_settings",
    "probe",
]
