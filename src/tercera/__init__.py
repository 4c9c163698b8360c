"""Tercera: alerts, once and with the evidence, when a customer's orders cross a line."""

__version__ = "0.1.0"
