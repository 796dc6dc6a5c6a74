"""Text in: clean lyrics and their vectors out."""
