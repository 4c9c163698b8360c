"""What each claim is compared with: the best that somebody would write by hand for the same answer."""
