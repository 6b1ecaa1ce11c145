"""The audit: has the source, or the training set, shown a network the test images before?

`run` makes `results/audit/audit.json` and the pictures beside it; `stored` reads them for pages, without loading any data.
"""
