"""Messages on their way: from drafts of notices to receipts, and what is held back."""
