"""What a card must say: one model for data sets, after Gebru et al. (2021), one for weights, after Mitchell et al. (2019).

Texts are Markdown and may cite keys of references.bib. A question that nobody can answer is answered by saying so.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Texts = Annotated[list[Text], Field(min_length=1)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Counts(_Strict):
    """Numbers of images, a split each; splits that do not exist are left out."""

    train: Count
    validation: Count | None = None
    test: Count | None = None


class DataCard(_Strict):
    """A data set.

    The parts are those of a datasheet: motivation, composition, collection, preparation and labelling, uses, distribution,
    maintenance. `origin` to `order` tell where this project's copy came from; `sha256` is the content hash of its pixels
    and labels.
    """

    kind: Literal["data"]
    name: Text
    title: Text
    citation: Text
    side: Count
    classes: Count
    images: Counts
    sha256: Sha256

    motivation: Text
    composition: Texts
    collection: Text
    preparation: Text
    uses: Texts
    not_for: Texts
    distribution: Text
    licence: Text
    maintenance: Text
    known_faults: Texts

    origin: Text
    jpeg_only: Counts | None = None
    lossless: Counts | None = None
    mostly: Text | None = None
    checks: Text
    channel_means: list[Share] | None = None
    order: Text
    parent: Text | None = None
    parent_withdrawn: int | None = None
    datasheet: Text


class Training(_Strict):
    """How weights were trained, as their makers report; times in minutes.

    `cores` is the number of processor cores that were busy all the time, left out where an accelerator did the work. `seed` and
    `minutes` are left out where the makers do not say them.
    """

    epochs: Count
    batch_size: Count
    optimiser: Text
    learning_rate: Text
    weight_decay: Text
    label_smoothing: Share
    augmentation: Text
    seed: int | None = None
    precision: Text
    framework: Text
    hardware: Text
    cores: Count | None = None
    minutes: Count | None = None


class WeightsCard(_Strict):
    """Pretrained weights.

    The parts are those of a model card: details (who, when, which version, whom to ask), intended use and users, factors, metrics
    and thresholds, evaluation and training data, quantitative analyses, ethics, caveats. Weights that this project made name their `pretraining`: the `name` in its
    settings, under which the record of the run is found; numbers are then read from that record. Weights made elsewhere
    give `file`, `sha256`, `training` and `validation_top1` as their makers report them. `date` is left out where the record has it.
    `checks` says how a copy was compared with the original, `citation` is a key of references.bib; without it the repository is cited.
    """

    kind: Literal["weights"]
    name: Text
    title: Text
    pretraining: Text | None = None
    file: Text | None = None
    sha256: Sha256 | None = None

    developers: Text
    date: Text | None = None
    citation: Text | None = None
    version: Text
    contact: Text

    source: Text
    source_card: Text
    classes: Count
    images: Counts
    original_side: Count
    side: Count
    network: Text
    stored: Text
    batch_norm: Text
    input: Text

    training: Training | None = None
    validation_top1: Share | None = None
    measured: Text
    licence: Text
    not_: Text | None = Field(None, alias="not")
    checks: Text | None = None

    intended: Texts
    users: Text
    not_for: Texts
    factors: Text
    metrics: Text
    thresholds: Text
    evaluation: Text
    ethics: Texts
    caveats: Texts
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    def model_post_init(self, context) -> None:
        elsewhere = (self.file, self.sha256, self.training, self.validation_top1)
        if self.pretraining is None and None in elsewhere:
            raise ValueError(
                "weights made elsewhere need file, sha256, training and validation_top1; others need pretraining"
            )
        if self.pretraining is not None and any(part is not None for part in elsewhere):
            raise ValueError(
                "weights of this project's pretraining take file, sha256, training and validation_top1 from its record: leave them out"
            )


class Top1(_Strict):
    """The published accuracy of one network."""

    builder: Text
    top1: Annotated[float, Field(gt=0, lt=1)]
    seen: Text


class Published(_Strict):
    """`cards/applications.yaml`: published accuracies of networks in `keras.applications`."""

    top1: Annotated[list[Top1], Field(min_length=1)]


class Facts(BaseModel):
    """`cards/citations.yaml`: a table, whose rows `literature.facts` checks."""

    facts: Annotated[list[dict[str, Any]], Field(min_length=1)]
