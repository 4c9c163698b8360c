"""Following a source: one thread reads its changes, another has the rules look at whom they name.

1. Whoever has the right to follow goes on from the ledger's position. Without one, or when history is lost,
   a new position is taken first, and then a sweep is asked for: nothing falls between the two (`reading`).
2. Changes are read into a backlog, where both threads meet (`desk`).
3. The rules look at whom the backlog names, and the position moves when everybody before it was looked at: in
   the transaction that writes what that led to, or a little later when it led to nothing (`looking`).
4. Whatever breaks, reading begins anew from the position that was kept. Changes are then told again, which
   does no harm.
"""

from tercera.following.follower import Follower

__all__ = ["Follower"]
