"""The change stream of the orders."""
