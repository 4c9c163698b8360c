"""What questions cost, and the indexes that make them cheap."""
