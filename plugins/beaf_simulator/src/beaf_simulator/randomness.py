"""Where does chance come from, so that every machine draws the same?

The market is pinned to the last bit, so it uses only what is: the raw integers of PCG64 (numpy
keeps the streams of its bit generators stable, not those of `.normal()`), and additions,
multiplications and divisions, which IEEE 754 rounds in one way. `log`, `exp` and `cos` differ in
their last bit between processors and numpy versions, so no normal or lognormal number is drawn.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

_SQRT_3 = 1.7320508075688772


def uniforms(shape: tuple[int, ...], *key: object) -> Floats:
    """Draw doubles in [0, 1) from the stream that a key names.

    Streams of different keys are independent: what one listing draws never depends on which
    other listings are asked for.

    Args:
        shape: of the array.
        key: what the draw is for, for example `(7, "quotes", 1100001, 739648)`.
    """
    digest = hashlib.sha256("/".join(map(str, key)).encode()).digest()
    stream = np.random.PCG64(int.from_bytes(digest[:16], "little"))
    raw = np.asarray(stream.random_raw(int(np.prod(shape))), dtype=np.uint64)
    # 53 bits fill the mantissa of a double; the same numbers as numpy's Generator.random().
    doubles: Floats = (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return doubles.reshape(shape)


def bell(four: Floats) -> Floats:
    """Turn four rows of uniforms into one of a bell shape: mean 0, deviation 1, within ±3.47.

    The sum of four uniforms has the variance 4/12 (Irwin-Hall).
    """
    total = (four[0] + four[1]) + (four[2] + four[3])
    shape: Floats = (total - 2.0) * _SQRT_3
    return shape


def doublings(exponent: Floats) -> Floats:
    """Raise two to a power, on the straight lines between whole powers (within 6.2 % of 2**x)."""
    whole = np.floor(exponent)
    line = 1.0 + (exponent - whole)
    return np.asarray(np.ldexp(line, whole.astype(np.int32)), dtype=np.float64)


def whole(values: Floats) -> Integers:
    """Round down to integers."""
    integers: Integers = np.floor(values).astype(np.int64)
    return integers
