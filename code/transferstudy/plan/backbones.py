"""The networks the study knows, as plain facts: no deep-learning framework is imported here.

A backbone is a convolutional network without its classifier. One entry says which builder makes it, how its pixels are
prepared, and at which layer it can be cut into a frozen prefix and a trainable suffix.
"""

from dataclasses import dataclass, field
from types import MappingProxyType

from ..errors import StudyError


@dataclass(frozen=True)
class Backbone:
    """Facts about one network.

    Attributes:
        name: the name used in a `RunSpec`.
        application: attribute of `keras.applications` that builds it, or None for a network defined in `models`.
        preprocessing: module of `keras.applications` whose `preprocess_input` it expects, or None for pixels / 255.
        cuts: stage name -> name of the layer whose output the stage starts from. Fine-tuning "block5" trains
            everything after `cuts["block5"]`; the layers up to it stay frozen.
        min_size: smallest square input in pixels.
        batch_norm: whether the network contains batch normalisation.
    """

    name: str
    application: str | None
    preprocessing: str | None
    cuts: MappingProxyType = field(hash=False)
    min_size: int = 32
    batch_norm: bool = True


def _entry(name, application, preprocessing, cuts, min_size=32, batch_norm=True) -> Backbone:
    return Backbone(name, application, preprocessing, MappingProxyType(cuts), min_size, batch_norm)


_VGG_CUTS = {f"block{k}": f"block{k - 1}_pool" for k in (5, 4, 3, 2)}

BACKBONES: dict[str, Backbone] = {
    b.name: b
    for b in (
        _entry("vgg16", "VGG16", "vgg16", _VGG_CUTS, batch_norm=False),
        _entry("vgg16_bn", None, "vgg16", _VGG_CUTS),
        _entry("compact", None, None, {"block3": "block2_pool", "block2": "block1_pool"}),
        _entry(
            "resnet50",
            "ResNet50",
            "resnet",
            {
                "block5": "conv4_block6_out",
                "block4": "conv3_block4_out",
                "block3": "conv2_block3_out",
                "block2": "pool1_pool",
            },
        ),
        _entry("inception_v3", "InceptionV3", "inception_v3", {"block5": "mixed7"}, min_size=75),
        _entry("mobilenet_v2", "MobileNetV2", "mobilenet_v2", {"block5": "block_13_project_BN"}),
        _entry("efficientnet_v2_b0", "EfficientNetV2B0", "efficientnet_v2", {"block5": "block5e_add"}),
    )
}


def get_backbone(name: str) -> Backbone:
    """Return the facts about backbone `name`.

    Raises:
        StudyError: no such backbone; the message lists those that exist.
    """
    if name not in BACKBONES:
        raise StudyError(f"unknown backbone {name!r}: choose one of {', '.join(BACKBONES)}")
    return BACKBONES[name]
