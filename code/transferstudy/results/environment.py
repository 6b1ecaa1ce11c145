"""What made a result: software and hardware, without anything that identifies a person or a machine's name."""

import hashlib
import json
import os
import platform
from importlib import metadata
from pathlib import Path

from ..paths import PACKAGE

_LIBRARIES = ("keras", "tensorflow", "jax", "torch", "numpy", "scipy", "scikit-learn")
_ALLOCATOR = ("MALLOC_", "GLIBC_TUNABLES")


def describe() -> dict:
    """Return Python, libraries, Keras backend, processor, cores, memory (GiB), accelerators, and a hash of this package's code.

    Some hosts hide which processor it is, so `instructions` lists the vector instructions that NumPy found on it, in NumPy's
    names: they tell two generations apart, and whether bfloat16 is fast.

    Where glibc's allocator was told to behave otherwise than by default, `allocator` holds the variables that told it so
    (names as in mallopt(3)): they decide how fast a step of a large network is.
    """
    import keras
    import psutil

    found = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        **hardware(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "backend": keras.backend.backend(),
        "accelerators": accelerators(),
        "libraries": versions(),
        "code_sha256": code_digest(),
    }
    allocator = {key: value for key, value in sorted(os.environ.items()) if key.startswith(_ALLOCATOR)}
    return found | ({"allocator": allocator} if allocator else {})


def versions() -> dict[str, str]:
    """Return library -> version, for those that decide a result and are installed."""
    found = {}
    for name in _LIBRARIES:
        for distribution in (name, f"{name}-cpu"):  # TensorFlow's build without GPUs has a name of its own
            try:
                found[name] = metadata.version(distribution)
                break
            except metadata.PackageNotFoundError:
                continue
    return found


def hardware() -> dict:
    """Return processor, vector instructions and cores: what `machine` puts into words."""
    return {"processor": _processor(), "instructions": instructions(), "cores": os.cpu_count()}


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def machine(environment: dict) -> str:
    """Return the machine of a record in words: processor, widest vector instructions where they are recorded, cores, accelerators."""
    known = environment.get("instructions")
    widest = f" ({known[-1]})" if known else ""
    beside = "".join(f", {name}" for name in environment.get("accelerators", []))
    return f"{environment['processor']}{widest}, {environment['cores']} cores{beside}"


def instructions() -> list[str]:
    """Return the vector instruction sets of this processor, in NumPy's names (numpy.show_config), weakest first."""
    import numpy as np

    simd = np.show_config(mode="dicts").get("SIMD Extensions", {})
    return [*simd.get("baseline", []), *simd.get("found", [])]


def accelerators() -> list[str]:
    """Return the names of the GPUs or TPUs that the Keras backend sees; empty on a CPU."""
    import keras

    if keras.backend.backend() == "jax":
        import jax

        return [d.device_kind for d in jax.devices() if d.platform != "cpu"]
    if keras.backend.backend() == "torch":
        import torch

        return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    import tensorflow as tf

    return [
        tf.config.experimental.get_device_details(d).get("device_name", d.name)
        for d in tf.config.list_physical_devices("GPU")
    ]


def software() -> str:
    """Return, as JSON, what must be equal for equal numbers: backend, libraries, accelerators, and this package's code."""
    import keras

    return json.dumps([keras.backend.backend(), versions(), accelerators(), code_digest()], sort_keys=True)


def code_digest() -> str:
    """Return a SHA-256 over the modules that decide what a run makes of its pixels.

    How a folder's pictures become pixels (`data/folders`) is not in it: records and checkpoints hold the pixels' own SHA-256.
    """
    hasher = hashlib.sha256()
    outcome = [PACKAGE / "plan" / f"{name}.py" for name in ("backbones", "spec", "strategies")]
    for folder in ("data", "models", "training"):
        outcome += (PACKAGE / folder).glob("*.py")
    for path in sorted(outcome):
        hasher.update(path.relative_to(PACKAGE).as_posix().encode() + path.read_bytes())
    return hasher.hexdigest()
