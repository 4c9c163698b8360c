"""A file's rows into a MongoDB collection."""

from tercera.importing.mongodb import ImportResult, import_file

__all__ = ["ImportResult", "import_file"]
