"""The store of results: records, predictions, checksums, measures, and the machine that made them."""
