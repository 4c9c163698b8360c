"""What a question costs the engine that holds the orders, and which index would make it cheap."""
