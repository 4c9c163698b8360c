"""How a trial goes: which deaths, how many, and what must be true in the end."""

from __future__ import annotations

from random import Random

from tercera.failpoints import Failpoint
from tests.fault.trial import MIGRATING, OFTEN, Trial
from tests.fault.verdict import Verdict, judge

_PLACES = [each for each in Failpoint if each not in MIGRATING]


def kill_often(trial: Trial, kills: int, *, daemons: int = 0) -> Verdict:
    """Kills runs while orders change, and daemons, then lets one run to its end."""
    trial.begin()
    while len(trial.killed) < kills:
        assert len(trial.attempts) < kills * 2 + 10, "most kills come too late"
        trial.happen()
        _kill(trial)
    for _ in range(daemons):
        trial.happen()
        trial.live_and_die()
    return _come_to_rest(trial)


def kill_briefly(trial: Trial) -> Verdict:
    """Deaths that a mistake does not survive."""
    trial.begin()
    # The first commit of a sweep may hold what nobody is told of, the second one what is told.
    for failpoint, time in (
        (Failpoint.AFTER_COMMIT, 1),
        (Failpoint.AFTER_COMMIT, 2),
        (Failpoint.AFTER_COMMIT, 1),
        (Failpoint.AFTER_COMMIT, 2),
        (Failpoint.AFTER_CONNECT, 1),
        (Failpoint.AFTER_ACCEPTED, 1),
    ):
        trial.happen(40)
        trial.die_at(failpoint, time, change=False)
    return _come_to_rest(trial)


def kill_beginnings(trial: Trial, kills: int) -> Verdict:
    """Kills first starts, each over an empty folder: a ledger that is half made is made good by the next."""
    trial.happen(30)
    trial.measure()
    trial.measure()
    places = [*MIGRATING, *_PLACES]
    verdict = Verdict()
    for number in range(kills):
        for path in trial.process.folder.glob("tercera.db*"):
            path.unlink()
        trial.attempts.clear()
        trial.die_at(places[number % len(places)], change=False)
        verdict = _come_to_rest(trial)
        if not verdict.is_good:
            break
    return verdict


def _come_to_rest(trial: Trial) -> Verdict:
    trial.happen()
    trial.measure()
    return judged(trial)


def judged(trial: Trial) -> Verdict:
    """The verdict, printed."""
    verdict = judge(trial.attempts, trial.world.versions, f"sqlite:///{trial.process.folder / 'tercera.db'}")
    verdict.show()
    return verdict


def _kill(trial: Trial) -> None:
    random: Random = trial.random
    if random.random() < 0.4:
        trial.die_somewhere(delivering=random.random() < 0.6)
        return
    place = random.choice(_PLACES)
    trial.die_at(place, random.randint(1, OFTEN.get(place, 1)))
