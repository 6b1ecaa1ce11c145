"""Kernels as 8-bit integers with one scale an output channel: a quarter of the size of float32."""

import numpy as np

SCALE = "_scale"


def quantised(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return weights with kernels as int8 in -127..127 and a float32 scale for each output channel.

    Symmetric quantisation by the largest magnitude of each channel (Krishnamoorthi 2018, arXiv:1806.08342, section 2).

    Args:
        arrays: name -> float array; those with more than one axis are kernels, output channel last.

    Returns:
        For each kernel `<name>` (int8, same shape) and `<name>_scale` (float32, (out,)); other arrays as float32.
    """
    out = {}
    for name, array in arrays.items():
        if array.ndim < 2:
            out[name] = array.astype(np.float32)
            continue
        largest = np.abs(array.astype(np.float64)).reshape(-1, array.shape[-1]).max(axis=0)
        scale = np.where(largest > 0, largest / 127, 1).astype(np.float32)
        out[name] = np.clip(np.rint(array / scale), -127, 127).astype(np.int8)
        out[name + SCALE] = scale
    return out


def restored(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return weights as float32; int8 kernels are multiplied by their scales, which then leave the dictionary.

    The product of an integer below 2^8 and a float32 is rounded once, so every machine gets the same bits.
    """
    out = {}
    for name, array in arrays.items():
        if name.endswith(SCALE) and name.removesuffix(SCALE) in arrays:
            continue
        if array.dtype == np.int8:
            out[name] = array.astype(np.float32) * arrays[name + SCALE]
        else:
            out[name] = array.astype(np.float32)
    return out
