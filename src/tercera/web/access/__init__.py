"""Who asks, and whether they may: `asking` is what routes depend on."""
