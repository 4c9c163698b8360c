"""Orders that are handed in: for shops whose database can't be reached. `store` keeps them, `order` says what
one is, `shops/` reads what shop systems send.
"""
