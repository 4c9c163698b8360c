"""Files, counted by the embedded engine: one scan, then questions to what it kept."""
