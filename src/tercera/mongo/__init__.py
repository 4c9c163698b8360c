"""What Tercera asks MongoDB, as values: expressions, ranges and pipelines. Nothing here connects."""
