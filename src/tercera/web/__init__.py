"""The dashboard and the API: pages in `pages/`, resources in `api/`, one file each, found by their names.

`building` makes the ASGI application from a `Site`; `server` listens. Every route says which permission it
needs (`access.may`, `access.anyone`): an application with a route that does not is refused when it is built.
"""
