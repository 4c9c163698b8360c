"""The dashboard and the API: a real server, asked over HTTP and by a real browser."""
