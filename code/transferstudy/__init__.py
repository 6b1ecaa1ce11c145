"""How much does a pretrained network help when you classify small images?

The package runs the study (`spec` -> `data` -> `models` -> `training` -> `prediction` -> `store`) and turns its stored
results into what the pages show (`metrics` -> `comparison` -> `figures`, `tables`, `claims`). Nothing to the right of
the store imports a deep-learning framework.
"""

import os

__version__ = "0.1.0"

# TensorFlow leaves oneDNN off on processors without AVX-512, where its own convolutions are four times slower.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# Errors only: TensorFlow greets with a page of hints.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
