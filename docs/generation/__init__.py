"""Makes reference pages from the code."""
