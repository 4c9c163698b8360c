"""What is asked of any engine, as expressions: dates, texts, amounts, and the tally that they add up to."""
