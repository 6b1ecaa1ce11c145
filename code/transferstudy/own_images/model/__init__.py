"""The model to take away, and what it says of other pictures."""
