"""Every performance claim of the documentation, measured: `python -m bench [--quick] [--write] [NAME…]`."""
