"""Looking at what is there: bounded samples of collections, tables and files, for `profile` to judge.

A sampler reads and never writes, and stops at so many rows, bytes and seconds, whatever it finds. Each kind
of source has one, in the module of its name.
"""

from tercera.sampling.sampler import Address, Bounds, Origin, Sampler, Secret

__all__ = ["Address", "Bounds", "Origin", "Sampler", "Secret"]
