"""The Colab notebook: built from this package's own source text and the narrative in `notebooks/narrative/`."""
