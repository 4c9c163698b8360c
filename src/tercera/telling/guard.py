"""The blast guard: a cycle that would tell very many at once is a broken status sync rather than news.

Pure: counts → hold or not. What is held waits for `tercera release` or `tercera discard`; when it expires it
is discarded, never sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Guard:
    """`max_notices` alerts told in one cycle, or `max_share` of a rule's watched (subject, window) pairs once
    they are more than `min_notices`; a share of 1 is never too large. What is held `expires`."""

    max_notices: int = 500
    max_share: float = 0.05
    min_notices: int = 20
    expires: timedelta = timedelta(days=7)

    def holds(
        self, telling: int, watched: int, *, told: int = 0, lately: int = 0, already: bool = False
    ) -> bool:
        """Whether to hold back what a rule would tell about `telling` of `watched` pairs (0: nobody knows).

        `told` is how many alerts the same cycle has told of already, `lately` how many of them by this rule.
        `already` says that something of the rule is held and nobody has decided yet: until then everything
        is, for what broke may go on breaking in smaller steps.
        """
        if telling == 0:
            return False
        too_many = told + telling > self.max_notices
        own = lately + telling
        measured = watched > 0 and self.max_share < 1 and own > self.min_notices
        too_large = measured and own > self.max_share * watched
        return already or too_many or too_large
