"""What a trial proves: nothing lost, nothing unexpected, and repeats only where they can't be avoided."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from tercera.ledger import open_ledger
from tests.fault.oracle import Look, Told, explains
from tests.fault.trial import Attempt, Disturbance
from tests.fault.witness import Arrival
from tests.fault.world import Pair

OPERATIONS = "ops@shop.example.com"
SEES_ALL = ("customer", OPERATIONS, "hook")
"""Each of these is told everything: the customers together, operations by mail, and the web server."""


@dataclass
class Verdict:
    """The counts that are printed, and every complaint."""

    runs: int = 0
    kills: int = 0
    delivering: int = 0
    accepted: int = 0
    messages: int = 0
    notices: int = 0
    places: Counter[str] = field(default_factory=Counter)
    repeated: Counter[str] = field(default_factory=Counter)
    """Repeats that can't be avoided, by where the run before was killed."""

    lost: list[str] = field(default_factory=list)
    """Pairs whose history nobody was told rightly, and messages that were never accepted."""

    unexpected: list[str] = field(default_factory=list)
    """Repeats without need, and messages that the ledger does not know."""

    def __str__(self) -> str:
        return (
            f"{self.runs} runs, {self.kills} killed ({self.delivering} while delivering); {self.messages} "
            f"messages with {self.notices} notices; {self.accepted} accepted, {self.repeated.total()} of "
            f"them repeats after a kill; lost or untrue: {len(self.lost)}, unexpected: "
            f"{len(self.unexpected)}\n"
            f"kills by place: {_listed(self.places)}\nrepeats by place: {_listed(self.repeated)}"
        )

    def show(self) -> None:
        """Prints the counts, and the first complaints."""
        print(self)
        for complaint in (self.lost + self.unexpected)[:10]:
            print(" ", complaint)

    @property
    def is_good(self) -> bool:
        """Nothing lost and nothing unexpected."""
        return not self.lost and not self.unexpected


def judge(attempts: Sequence[Attempt], versions: Sequence[Mapping[Pair, int]], ledger: str) -> Verdict:
    """Of runs that came one after the other, the last of them undisturbed."""
    verdict = Verdict(len(attempts))
    for attempt in attempts:
        if attempt.killed:
            verdict.kills += 1
            verdict.delivering += attempt.delivering
            verdict.places[attempt.place or "at random"] += 1
    _judge_repeats(verdict, attempts)
    firsts = first_arrivals([(attempt.look.number, attempt.arrivals) for attempt in attempts])
    judge_ledger(verdict, firsts, ledger)
    judge_notices(verdict, firsts, versions, [attempt.look for attempt in attempts])
    return verdict


def judge_party(
    disturbances: Sequence[Disturbance],
    arrivals: Sequence[Arrival],
    last: Attempt,
    versions: Sequence[Mapping[Pair, int]],
    ledger: str,
) -> Verdict:
    """Of instances that ran side by side, and the undisturbed run that came after them."""
    verdict = Verdict(1, accepted=len(arrivals) + len(last.arrivals))
    verdict.kills = sum(each.ends is None for each in disturbances)
    verdict.places.update("kill" if each.ends is None else "pause" for each in disturbances)
    _judge_party_repeats(verdict, disturbances, [*arrivals, *last.arrivals])
    firsts = first_arrivals([(0, arrivals), (1, last.arrivals)])
    judge_ledger(verdict, firsts, ledger)
    while_they_ran = Look(0, tuple(range(last.look.versions[0] + 1)), certain=False, often=True)
    judge_notices(verdict, firsts, versions, [while_they_ran, replace(last.look, number=1)])
    return verdict


def _judge_party_repeats(
    verdict: Verdict, disturbances: Sequence[Disturbance], arrivals: Sequence[Arrival]
) -> None:
    """Each repeat needs a disturbance of its own on one connection: the one that had handed the message over
    died or stood still before it had the receipt, or the one that hands it over now stood still before."""
    in_order = sorted(arrivals, key=lambda arrival: arrival.at)
    over: dict[int, list[Arrival]] = defaultdict(list)
    for arrival in in_order:
        over[arrival.connection].append(arrival)
    before: dict[str, Arrival] = {}
    used: set[tuple[Disturbance, int]] = set()
    for again in in_order:
        if earlier := before.get(again.key):
            excuses = [(each, earlier.connection) for each in disturbances if _in_flight(earlier, each, over)]
            excuses += [(each, again.connection) for each in disturbances if _resumed(again, each, over)]
            fresh = next((excuse for excuse in excuses if excuse not in used), None)
            if fresh is None:
                verdict.unexpected.append(f"{again.key} came again without need: {earlier.at} {again.at}")
            else:
                used.add(fresh)
                verdict.repeated["kill" if fresh[0].ends is None else "pause"] += 1
            if (earlier.content, earlier.recipient) != (again.content, again.recipient):
                verdict.unexpected.append(f"{again.key} is not the same when it comes again")
        before[again.key] = again


_IN_FLIGHT = 1.0
"""Seconds that a message may be on its way to the server, and its receipt on its way to the ledger."""


def _in_flight(arrival: Arrival, by: Disturbance, over: Mapping[int, Sequence[Arrival]]) -> bool:
    """Whether its sender was killed or stopped before it had the receipt: it took no other message first."""
    following = [each for each in over[arrival.connection] if each.at > arrival.at]
    return (
        by.instance == arrival.instance
        and abs(by.starts - arrival.at) < _IN_FLIGHT
        and (not following or (by.ends is not None and following[0].at > by.ends))
    )


def _resumed(arrival: Arrival, by: Disturbance, over: Mapping[int, Sequence[Arrival]]) -> bool:
    """Whether its sender stood still while it handed it over, and ended that afterwards."""
    if by.ends is None or by.instance != arrival.instance:
        return False
    since = [each for each in over[arrival.connection] if each.at > by.starts + _IN_FLIGHT]
    return bool(since) and since[0] == arrival and by.ends <= arrival.at < by.ends + _IN_FLIGHT


Firsts = Mapping[str, tuple[int, Arrival]]
"""The first acceptance of each message, and its run, in the order of arrival."""


def first_arrivals(runs: Sequence[tuple[int, Sequence[Arrival]]]) -> Firsts:
    """By key."""
    firsts: dict[str, tuple[int, Arrival]] = {}
    for run, arrivals in runs:
        for arrival in arrivals:
            firsts.setdefault(identity(arrival), (run, arrival))
    return firsts


def identity(arrival: Arrival) -> str:
    """What tells a message from others: its key, the same for all tries."""
    return arrival.key


def _judge_repeats(verdict: Verdict, attempts: Sequence[Attempt]) -> None:
    """A message may come again when the run was killed that had handed it over, and only the last one of a
    connection: its receipt was not written. It must be the same, word for word."""
    before: dict[str, tuple[Attempt, Arrival]] = {}
    for attempt in attempts:
        verdict.accepted += len(attempt.arrivals)
        for arrival in attempt.arrivals:
            if earlier := before.get(arrival.key):
                run, same = earlier
                verdict.repeated[run.place or "at random"] += 1
                verdict.unexpected += complaints(same, arrival, run.arrivals)
                if not run.killed:
                    verdict.unexpected.append(f"{arrival.key} came again, and nobody was killed")
            before[arrival.key] = (attempt, arrival)


def complaints(earlier: Arrival, again: Arrival, arrivals: Sequence[Arrival]) -> list[str]:
    """What is wrong with a repeat; `arrivals` are those of the run before."""
    found = []
    if (earlier.content, earlier.recipient, earlier.way) != (again.content, again.recipient, again.way):
        found.append(f"{again.key} is not the same when it comes again")
    if [each for each in arrivals if each.connection == earlier.connection][-1] != earlier:
        found.append(f"{again.key} came again, although another one had followed on its connection")
    return found


def judge_ledger(verdict: Verdict, firsts: Firsts, url: str) -> None:
    """What the ledger says was sent is what the servers accepted."""
    with open_ledger(url, read_only=True) as ledger:
        deliveries = ledger.post.deliveries(limit=10**6)
    accepted = {key.strip("<>").partition("@")[0] for key in firsts}
    written = {one.message for one in deliveries}
    verdict.messages = len(firsts)
    verdict.unexpected += [f"{key} is not in the ledger" for key in sorted(accepted - written)]
    verdict.lost += [f"{key} was never accepted" for key in sorted(written - accepted)]
    verdict.lost += [f"{one.message} is {one.state}" for one in deliveries if one.state != "sent"]


def judge_notices(
    verdict: Verdict, firsts: Firsts, versions: Sequence[Mapping[Pair, int]], looks: Sequence[Look]
) -> None:
    """What each was told of each pair is what the orders' history explains."""
    told: dict[str, dict[Pair, list[Told]]] = {who: defaultdict(list) for who in SEES_ALL}
    for run, arrival in firsts.values():
        for line in arrival.lines:
            pair, notice = _read(line, run)
            who = arrival.recipient if arrival.recipient == OPERATIONS else "customer"
            told["hook" if arrival.way == "web" else who][pair].append(notice)
            verdict.notices += 1
            if who == "customer" and arrival.way == "mail" and arrival.recipient != f"{pair[0]}@example.com":
                verdict.unexpected.append(f"{arrival.recipient} was told of {pair}")
    for who, heard in told.items():
        for pair in sorted({*heard, *(pair for version in versions for pair in version)}):
            if not explains(pair, versions, looks, heard[pair]):
                counts = [
                    [count for count, _ in groupby(versions[each].get(pair, 0) for each in look.versions)]
                    for look in looks
                ]
                verdict.lost.append(f"{who} was told {heard[pair]} of {pair}, whose counts were {counts}")


def _read(line: str, run: int) -> tuple[Pair, Told]:
    _, subject, window, change, level, count, _, _ = line.split("|")
    return (subject, window), Told(change, int(level.removeprefix("level-") or 0), int(count), run)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common()) or "none"
