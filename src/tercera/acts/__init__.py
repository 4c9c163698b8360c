"""What people do: decide about alerts, let each other in, tell again, forget what is long over."""
