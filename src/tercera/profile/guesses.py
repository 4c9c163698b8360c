"""A guess with its reasons."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that speaks for a candidate, or against it, and how much."""

    words: str
    weight: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A field or a place that could be the one looked for."""

    name: str
    reasons: tuple[Reason, ...]

    @property
    def score(self) -> float:
        """Of all reasons together."""
        return sum(each.weight for each in self.reasons)

    def because(self, *more: Reason) -> Candidate:
        """The same with more reasons."""
        return Candidate(self.name, (*self.reasons, *more))

    @property
    def evidence(self) -> str:
        """What speaks for it, the strongest first."""
        told = sorted((each for each in self.reasons if each.weight > 0), key=lambda each: -each.weight)
        return "; ".join(each.words for each in told)


@dataclass(frozen=True, slots=True)
class Guess:
    """What is proposed; an empty `value` says that nothing fits. `evidence` is for people, in one line."""

    value: str
    sure: bool
    evidence: str
    others: tuple[str, ...] = field(default=())

    @property
    def is_there(self) -> bool:
        """Whether anything is proposed."""
        return bool(self.value)


def best(candidates: list[Candidate], least: float, margin: float, nothing: str) -> Guess:
    """The candidate with the highest score: sure when it has at least `least` and leads by `margin`.

    None below half of `least` is one at all; `nothing` says so.
    """
    ranked = sorted(candidates, key=lambda each: -each.score)
    possible = [each for each in ranked if each.score >= least / 2]
    if not possible:
        return Guess("", sure=False, evidence=nothing)
    first, *others = possible
    close = [each.name for each in others if first.score - each.score < margin]
    evidence = first.evidence
    if close:
        evidence += f"; could as well be {' or '.join(close[:3])}"
    names = tuple(each.name for each in others[:8])
    return Guess(first.name, first.score >= least and not close, evidence, names)


def percent(part: float, whole: float) -> str:
    """A share as people read it: `97.9 %`; never 100 % or 0 % when it is not."""
    if not whole:
        return "0 %"
    share = 100 * part / whole
    if part and share < 0.1:
        return "<0.1 %"
    if part != whole and share > 99.9:
        return ">99.9 %"
    return f"{share:.0f} %" if share in (0, 100) else f"{share:.1f} %"
