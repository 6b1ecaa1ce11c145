"""The analysis plan in one place: fixed before the runs were made, read by comparisons, pages and tests.

A change here changes verdicts. The plan's page is written from these values.
"""

from dataclasses import dataclass

ALPHA = 0.05  # chance, over the whole family, of calling any difference that is none (Holm)
CONFIDENCE = 0.95  # of intervals
MARGIN = 0.01  # test accuracy, 0..1: a difference that surely is smaller counts as none
MIN_SEEDS = 3  # below that, runs are described and nothing is concluded
RESAMPLES = 10_000  # of the bootstrap, at least

# Test accuracy that a from-scratch baseline must reach with all labels of CIFAR-10; below it, that size leaves the headline.
BASELINE_LABELS = 50_000
BASELINE_BARS = {"small_scratch": 0.88, "scratch_bn": 0.86}

# Labels, and the accuracy that training from scratch should reach with them.
FEW_LABELS_BAR = (500, 0.55)


@dataclass(frozen=True)
class Contrast:
    """A comparison that the plan declares: arm a minus arm b, at every size where both were run.

    Attributes:
        a, b: strategy names.
        question: what it answers, as a short question.
    """

    a: str
    b: str
    question: str


FAMILY = (
    Contrast("linear_probe", "random_features", "Is it the weights or the architecture?"),
    Contrast("finetune_block5", "linear_probe", "Does it pay to fine-tune the last block?"),
    Contrast("finetune_all", "linear_probe", "Does it pay to fine-tune everything?"),
    Contrast("finetune_all", "finetune_block5", "Does it pay to go deeper than the last block?"),
    Contrast("finetune_all", "scratch_bn", "Does transfer beat the main baseline?"),
    Contrast("finetune_all", "scratch", "Does pretraining help the same plain network?"),
    Contrast("finetune_all", "small_scratch", "Does transfer beat a network made for small images?"),
    Contrast("small_finetune", "small_scratch", "Does pretraining help the compact network?"),
    Contrast("finetune_all", "small_finetune", "Which pretrained network is better?"),
    Contrast("scratch_bn", "scratch", "What does batch normalisation do from scratch?"),
    Contrast("small_scratch", "scratch_bn", "Which network is better from scratch?"),
)

# Studies of one plan, whose p-values are corrected together.
TOGETHER = (("from-imagenet", "far"),)

# The depth study: each step asks whether one block more was worth it.
DEPTHS = (
    "linear_probe",
    "finetune_block5",
    "finetune_block4",
    "finetune_block3",
    "finetune_block2",
    "finetune_all",
)
