"""A cycle: every rule is swept, or looked at for some subjects.

1. Which windows and pairs (`scopes`); 2. tally, judge, reconcile (`looking`); 3. whom to tell (`addressing`);
4. commit (`sweep`); 5. windows that are over for good (`closing`); 6. the data watch (`watching`).
`live` does the same for those alone whom changes have marked.
"""

from tercera.cycle.once import Report, Stopped, cycle

__all__ = ["Report", "Stopped", "cycle"]
