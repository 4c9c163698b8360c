"""Who hears of a change, when, in which message, and whether at all. Pure: decided here, done elsewhere."""
