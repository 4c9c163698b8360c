"""claim → channel → receipt. At least once, and every repeat carries the key of the first try.

1. channels whose pause is over are probed (`circuits`); 2. due messages are claimed; 3. those that may not go
out yet are postponed (`gate`); 4. the others are sent (`sending`), and their receipts written (`receipts`).
"""

from tercera.deliver.loop import BATCH, deliver
from tercera.deliver.sending import Delivery
from tercera.deliver.sessions import Sessions

__all__ = ["BATCH", "Delivery", "Sessions", "deliver"]
