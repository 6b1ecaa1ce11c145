"""The strategies the study compares: how a network starts and which of its layers learn."""

from dataclasses import dataclass

from ..errors import StudyError


@dataclass(frozen=True)
class Strategy:
    """One way of getting a classifier out of a backbone.

    Attributes:
        name: the name used in a `RunSpec`, in results and on pages.
        label: the name a reader sees.
        pretrained: whether the backbone starts from pretrained weights.
        train_from: None when the backbone stays frozen; a stage such as "block5" when the network learns from that
            stage on; "all" when every layer learns.
        head_first: whether the head is trained alone before deeper layers.
        batch_norm: the backbone must (True), must not (False) have batch normalisation, or either (None).
        backbone: the only backbone this strategy is defined for, or None.
        summary: one plain sentence.
    """

    name: str
    label: str
    pretrained: bool
    train_from: str | None
    head_first: bool
    batch_norm: bool | None
    backbone: str | None
    summary: str


_ALL = (
    Strategy(
        "random_features", "Random features", False, None, True, None, None,
        "random weights, frozen; only the head learns: what the architecture alone gives",
    ),
    Strategy(
        "linear_probe", "Linear probe", True, None, True, None, None,
        "pretrained weights, frozen; only the head learns",
    ),
    *(
        Strategy(
            f"finetune_block{k}", f"Fine-tune from block {k}", True, f"block{k}", True, None, None,
            f"pretrained weights; the head first, then block {k} and everything after it",
        )
        for k in (5, 4, 3, 2)
    ),
    Strategy(
        "finetune_all", "Fine-tune all", True, "all", True, None, None,
        "pretrained weights; the head first, then every layer at a lower rate",
    ),
    Strategy(
        "scratch_bn", "Batch norm from scratch", False, "all", False, True, None,
        "random weights with batch normalisation; everything learns: the main from-scratch baseline",
    ),
    Strategy(
        "scratch", "Plain VGG16 from scratch", False, "all", False, False, None,
        "random weights, the plain architecture; everything learns",
    ),
    Strategy(
        "small_scratch", "Compact from scratch", False, "all", False, True, "compact",
        "a compact network made for small images, from random weights; everything learns",
    ),
    Strategy(
        "wide_scratch", "Wide compact from scratch", False, "all", False, True, "compact_wide",
        "the compact network with twice the channels, from random weights; everything learns",
    ),
    Strategy(
        "residual_scratch", "Residual from scratch", False, "all", False, True, "wrn16_2",
        "a small residual network, from random weights; everything learns",
    ),
    Strategy(
        "small_finetune", "Fine-tune compact", True, "all", True, True, "compact",
        "the compact network pretrained the same way; the head first, then every layer",
    ),
)  # fmt: skip

STRATEGIES: dict[str, Strategy] = {s.name: s for s in _ALL}


def get_strategy(name: str) -> Strategy:
    """Return strategy `name`.

    Raises:
        StudyError: no such strategy; the message lists those that exist.
    """
    if name not in STRATEGIES:
        raise StudyError(f"unknown strategy {name!r}: choose one of {', '.join(STRATEGIES)}")
    return STRATEGIES[name]
