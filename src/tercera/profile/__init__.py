"""What sampled orders and customers look like: values in, proposals out. Nothing here reads or writes.

`values` is what a sampler gives, `roles` scores which field could be what, `choice` tells orders from
customers, `statuses`, `formats`, `zones` and `patterns` look at the values of one field, `proposing` puts it
together into a `Proposal`. Every guess carries its reasons, and says whether it is sure.
"""

from tercera.profile.counting import read_list, written_list
from tercera.profile.guesses import Guess
from tercera.profile.looks import Looks
from tercera.profile.proposal import Part, Proposal, Wishes
from tercera.profile.proposing import propose
from tercera.profile.statuses import StatusSeen, Verdict
from tercera.profile.values import Cell, Column, Counted, Kind, Sample

__all__ = [
    "Cell",
    "Column",
    "Counted",
    "Guess",
    "Kind",
    "Looks",
    "Part",
    "Proposal",
    "Sample",
    "StatusSeen",
    "Verdict",
    "Wishes",
    "propose",
    "read_list",
    "written_list",
]
