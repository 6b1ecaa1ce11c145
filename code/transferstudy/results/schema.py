"""What stored records must hold, as pydantic models: numbers are numbers, measures are whole, names of files stay inside the folder.

Checked are the fields that somebody reads. Others may stand beside them, except among measures: a measure that nobody computed
is no measure. A true or false is no number here, and neither are "1" or NaN where a measure is meant.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
RunId = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
Share = Annotated[float, Field(ge=0, le=1)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Name = Annotated[str, Field(min_length=1)]
# A folder and a file in it: no way out of the results folder.
Inside = Annotated[str, Field(pattern=r"^[a-z]+/[A-Za-z0-9][A-Za-z0-9._-]*$")]


class Open(BaseModel):
    """Fields of these types; others may be there."""

    model_config = ConfigDict(frozen=True, strict=True)


class Closed(BaseModel):
    """These fields and no others."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class StoredFile(Open):
    """A file beside a record."""

    file: Inside
    sha256: Sha256
    bytes: Count


class Content(Open):
    """What a run was made from, by its hash."""

    name: Name
    sha256: Sha256


class Measures(Closed):
    """Measures of one set of predictions, as `metrics.measure` returns them."""

    n: Annotated[int, Field(ge=1)]
    accuracy: Share
    balanced_accuracy: Share
    macro_f1: Share
    nll: Finite
    ece: Share
    class_accuracy: list[Share]
    confusion: list[list[Count]]


class Robustness(Closed):
    """Accuracy on corrupted test images, as `corruptions.measure_robustness` returns it."""

    images: Count
    clean: Share
    accuracy: dict[str, list[Share]]


class Metrics(Closed):
    """All measures of a run; one for tuning has none of test images."""

    val: Measures
    test: Measures | None = None
    robustness: Robustness | None = None


class Phase(Open):
    """The log of a phase of training. A loss may be NaN: a run that diverges late keeps its best state."""

    name: Literal["head", "main"]
    planned_steps: Count
    steps_per_round: Count
    rounds: list[dict[str, float]]
    best_round: int
    steps: Count


class Parameters(Open):
    """How many numbers a network has, and how many of them learned."""

    total: Count
    trainable: Count


class Data(Content):
    """The images of a run."""

    origin: str
    classes: Annotated[list[str], Field(min_length=2)]
    side: Annotated[int, Field(ge=1)]
    train: Count
    validation: Count
    test: Count
    content: Sha256 | None = None
    corruptions: dict[str, Any] | None = None


class Weights(Open):
    """The pretrained weights of a run."""

    name: Name
    sha256: Sha256 | None


class Environment(Open):
    """Software and hardware; what `environment.describe` may add is not named here."""

    python: str
    system: str
    processor: str
    cores: Annotated[int, Field(ge=1)]
    memory_gib: Count
    backend: str
    accelerators: list[str]
    libraries: dict[str, str]
    instructions: list[str] = []
    allocator: dict[str, str] = {}


class Time(Open):
    """Seconds."""

    wall: Seconds
    cpu: Seconds | None = None


class Total(Open):
    """Seconds of a whole run."""

    wall: Seconds
    cpu: Seconds


class Timing(BaseModel):
    """How long each part of a run took; only the total is always there."""

    model_config = ConfigDict(frozen=True, strict=True, extra="allow")

    __pydantic_extra__: dict[str, Time]
    total: Total


class Predictions(StoredFile):
    """The file of predictions."""

    rounding: str


class Record(Open):
    """A run, in the form of this edition."""

    id: RunId
    spec: dict[str, Any]
    spec_hash: Sha256
    metrics: Metrics
    phases: list[Phase]
    learning_layers: dict[str, list[str]]
    parameters: Parameters
    data: Data
    weights: Weights
    environment: Environment
    timing: Timing
    activations: dict[str, dict[str, Count]] = {}
    predictions: Predictions
    model: StoredFile | None
    started: str
    finished: str
    resumed: Annotated[int, Field(ge=1)] | None = None


class FirstRecord(Record):
    """A run in the form of the first edition, which had fewer measures and one way of rounding."""

    metrics: dict[str, dict[str, Any]]
    predictions: StoredFile


class SourceMeasures(Open):
    """What weights reach on the images of the task that they were pretrained for."""

    top1: Share
    top5: Share
    nll: Finite
    n: Count
    class_top1: dict[str, Share] | None = None


class PretrainedWeights(Open):
    """The file that a pretraining run wrote."""

    name: Name
    backbone: Name
    sha256: Sha256


class SourceData(Content):
    """The images of a pretraining run."""

    train: Count
    validation: Count
    classes: Count


class Bench(Open):
    """What `bench` measured; what that is, its own page says."""

    environment: Environment
    made: str


class Pretraining(Open):
    """A pretraining run."""

    id: RunId
    spec: dict[str, Any]
    epochs: list[dict[str, float]]
    final: SourceMeasures
    parameters: Count
    data: SourceData
    weights: PretrainedWeights
    environment: dict[str, Any]
    timing: Total
    finished: str


class MadeFrom(Open):
    """Where shipped weights come from."""

    sha256: Sha256
    pretraining: str | None
    card: str | None


class OnSource(Content):
    """What packing cost on the source's own images."""

    before: SourceMeasures
    after: SourceMeasures


class Probe(Open):
    """What packing cost a linear probe."""

    data: Content
    image_size: Count
    n_labels: Count
    held_out: Count
    seeds: list[int]
    before: list[Share]
    after: list[Share]
    agree: list[Share]


class Shipped(Open):
    """What is known of a weights file in the repository."""

    name: Name
    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    sha256: Sha256  # of the arrays as a .npz without compression: what records call the weights
    file_sha256: Sha256  # of the file itself, which is compressed
    bytes: Count
    form: str
    backbone: Name
    image_size: Count
    largest_rounding: float
    made_from: MadeFrom
    source: OnSource | None = None
    probe: Probe | None = None
    shipped: str

    def model_post_init(self, context) -> None:
        if (self.source is None) == (self.probe is None):
            raise ValueError("a manifest says what packing cost either on the source or by a probe")
