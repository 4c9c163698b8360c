"""People and programs: who they are, what they decided, what they did."""
