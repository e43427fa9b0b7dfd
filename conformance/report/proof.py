"""What the self-test proved, in sentences: how much was found, how surely, and when and how that was shown."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.verdicts.result import Kill, ProofInfo, Result
from conformance.verdicts.words import plural

_DRAWN = "generic."


def proof_sentences(result: Result) -> tuple[str, ...]:
    """Give what stands above the table of faults; nothing where a result has no proof."""
    kills = result.proof
    if not kills:
        return ()
    return (*_found(kills), *_drawn(kills, result.proof_info), *_chances(kills), *_made(result))


def _found(kills: tuple[Kill, ...]) -> Iterator[str]:
    by_hand = [each for each in kills if not each.fault.startswith(_DRAWN)]
    if by_hand:
        found = sum(each.found for each in by_hand)
        yield (
            f"The reference server was made to break the contract in {plural(len(by_hand), 'way')} that somebody "
            f"thought of; {found:,} of them were found under a requirement that they break."
        )


def _drawn(kills: tuple[Kill, ...], info: ProofInfo | None) -> Iterator[str]:
    drawn = [each for each in kills if each.fault.startswith(_DRAWN)]
    if not drawn:
        return
    found = sum(each.found for each in drawn)
    yield (
        f"Faults are drawn from the contract, too: {len(drawn):,} of these were tried and {found:,} were found, "
        "which are counted here and not listed."
    )
    if info is not None and info.drawn:
        yield (
            f"{info.drawn:,} can be drawn; {info.unnoticeable:,} of them no client could notice, because they alter "
            "nothing that is sent or nothing that is promised."
        )


def _chances(kills: tuple[Kill, ...]) -> Iterator[str]:
    tried = [each for each in kills if each.trials > 1]
    if tried:
        least = min(tried, key=lambda each: each.rate)
        yield (
            f"{plural(len(tried), 'fault')} that are rare, or found by random requests, were tried with "
            f"{max(each.trials for each in tried)} seeds each; the least sure was found with {least.rate:.0%} of them."
        )


def _made(result: Result) -> Iterator[str]:
    info = result.proof_info
    if info is None:
        return
    if info.mutants:
        yield (
            f"The contract itself was loosened in {info.mutants:,} places, one at a time; {info.mutants_killed:,} "
            f"({info.mutants_killed / info.mutants:.1%}) of these were noticed."
        )
    green = "found nothing wrong" if info.green else "was not green"
    yield (
        f"Proved on {info.started[:10]} by version {info.suite} at level {info.level} with seed {info.seed}, in "
        f"{info.duration_s:,.0f} s; the run without faults {green}."
    )
    if info.contract != result.contract.hash:
        yield f"That was another contract ({info.contract[:12]}) than the one of this run."
