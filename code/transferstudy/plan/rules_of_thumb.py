"""The rules of thumb that the second edition's runs can refute: stated before the first of these runs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """A rule of thumb and what decides about it; whatever neither holds nor fails is open.

    Attributes:
        rule: what practitioners are taught.
        holds: the verdict by which it holds.
        fails: the verdict by which it fails.
    """

    rule: str
    holds: str
    fails: str


RULES = (
    Rule(
        "Near the source, few labels: train only the head.",
        "at 100 labels no deeper fine-tuning from ImageNet is better than the linear probe",
        "one of them is better",
    ),
    Rule(
        "Near the source, many labels: fine-tune everything.",
        "at 20,000 labels *Fine-tune all* is better than, or equivalent to, each shallower arm",
        "a shallower arm is better",
    ),
    Rule(
        "Far from the source, few labels: use earlier layers or freeze more.",
        "on hand signs with 100 labels the linear probe is better than, or equivalent to, *Fine-tune all*",
        "*Fine-tune all* is better",
    ),
    Rule(
        "Far from the source, many labels: fine-tune everything.",
        "on all hand signs *Fine-tune all* is better than, or equivalent to, each shallower arm",
        "a shallower arm is better",
    ),
    Rule(
        "Enlarging small images to the size of the pretraining pays.",
        "at 1,000 labels the linear probe at 224 pixels is better than at 32",
        "it is worse or equivalent",
    ),
    Rule(
        "The source matters less than the size of the input.",
        "at 1,000 labels the probe from ImageNet gains more from 32 to 128 pixels than the probe from Tiny ImageNet gains over it "
        "at 32",
        "it gains less",
    ),
    Rule(
        "Training from scratch catches up with enough labels and enough steps.",
        "at some number of labels the best network from scratch is better than, or equivalent to, the best from ImageNet, at "
        "equal exposure",
        "at 50,000 labels ImageNet is still better",
    ),
    Rule(
        "VGG16, which has no batch normalisation, must be fine-tuned gently.",
        "the winning rate of *Fine-tune all* is at most a tenth of that of *Batch norm from scratch* at 500 labels",
        "the two rates are equal or the order is reversed",
    ),
)
