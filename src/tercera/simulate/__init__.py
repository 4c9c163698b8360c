"""Made-up shops to try things on: orders with the dirt of a real marketplace, and customers for them.

The same seed gives the same rows, whatever the machine does meanwhile. No address is anybody's: all are under
`example.com`, which is reserved (RFC 2606).
"""

from tercera.simulate.customers import DEFAULT_LANGUAGES, VALID_ID, is_valid_id, simulate_customers
from tercera.simulate.directory import Filled, Recipe, fill_collection, fill_file
from tercera.simulate.orders import SimulatedOrders, simulate_orders

__all__ = [
    "DEFAULT_LANGUAGES",
    "VALID_ID",
    "Filled",
    "Recipe",
    "SimulatedOrders",
    "fill_collection",
    "fill_file",
    "is_valid_id",
    "simulate_customers",
    "simulate_orders",
]
