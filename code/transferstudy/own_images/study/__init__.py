"""The study of a folder, step by step, within the time given."""
