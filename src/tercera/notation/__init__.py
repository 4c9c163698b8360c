"""What people write, and what it means: e-mail addresses, dates, durations, paths."""
