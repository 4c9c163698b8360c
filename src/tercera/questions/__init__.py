"""What people ask: what would have been said, what another threshold would have said, why, and how all is."""
