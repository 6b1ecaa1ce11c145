"""The study on a reader's own folder of pictures."""
