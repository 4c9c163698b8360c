"""Whether a request may do what it asks: `asking` is what routes depend on."""
