"""Who it is that asks: passwords, OpenID Connect, visitors, and slowing down whoever guesses."""
