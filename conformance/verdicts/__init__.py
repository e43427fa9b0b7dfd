"""Verdicts: from the outcomes of test items to the verdict of each requirement, and to one result document."""

from conformance.verdicts.collect import DeclaredItem, RunInfo, build_result
from conformance.verdicts.document import InvalidResult, digest_of, parse_result, read_result, write_result
from conformance.verdicts.outcome import Finding, ItemOutcome, Judgement
from conformance.verdicts.overall import numbers_of, settle, weaknesses
from conformance.verdicts.result import Kill, LeftBehind, ProofInfo, Result, Suite, Target
from conformance.verdicts.spool import SpoolError, read_spool, write_line
from conformance.verdicts.waivers import Waiver, WaiverError, load_waivers
from conformance.verdicts.words import WORDS, ExitCode, Overall, Verdict

__all__ = [
    "WORDS",
    "DeclaredItem",
    "ExitCode",
    "Finding",
    "InvalidResult",
    "ItemOutcome",
    "Judgement",
    "Kill",
    "LeftBehind",
    "Overall",
    "ProofInfo",
    "Result",
    "RunInfo",
    "SpoolError",
    "Suite",
    "Target",
    "Verdict",
    "Waiver",
    "WaiverError",
    "build_result",
    "digest_of",
    "load_waivers",
    "numbers_of",
    "parse_result",
    "read_result",
    "read_spool",
    "settle",
    "weaknesses",
    "write_line",
    "write_result",
]
