"""How much does a pretrained network help when you classify small images?

The package runs the study and turns its stored results into what the pages show. README.md beside this file has a line for
each room and says where things are added.
"""

import os

__version__ = "0.1.0"

# TensorFlow leaves oneDNN off on processors without AVX-512, where its own convolutions are four times slower.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# Errors only: TensorFlow greets with a page of hints.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
