"""Histograms of oriented gradients: public features of images, without anything learned.

Private training on few images is better on fixed features than on pixels [1]_. In each square cell
of an image the gradients of its pixels vote, by their length, for the two directions next to their
own [2]_. The square roots of the shares of all votes are a row of norm 1 [3]_ (0 of a blank image),
and no constant was taken from data: a row depends on its own image alone.

.. [1] F. Tramèr, D. Boneh, "Differentially private learning needs better features (or much more
   data)", ICLR 2021.
.. [2] N. Dalal, B. Triggs, "Histograms of oriented gradients for human detection", CVPR 2005.
.. [3] R. Arandjelović, A. Zisserman, "Three things everyone should know to improve object
   retrieval", CVPR 2012 (the Hellinger map).
"""

import numpy as np
from numpy.typing import ArrayLike

from sklearn_private.exceptions import InvalidParameterError

_LEAST_VOTES = 1e-3  # a blank image stays blank
_IMAGES = 512  # at a time


def oriented_gradients(
    X: ArrayLike, *, shape: tuple[int, int], cell: int = 4, n_directions: int = 8
) -> np.ndarray:
    """Return histograms of oriented gradients of grey images.

    Parameters
    ----------
    X : array-like of shape (n_images, height * width)
        Grey values; their scale does not matter.
    shape : pair of int
        Height and width; both are multiples of ``cell``.
    cell : int, default=4
        Pixels of the side of a cell.
    n_directions : int, default=8
        Directions, over the whole circle.

    Returns
    -------
    ndarray of float32 of shape (n_images, n_directions * height // cell * width // cell)
        Each row has norm at most 1.

    Examples
    --------
    >>> import numpy as np
    >>> from torch_private.estimators import oriented_gradients
    >>> oriented_gradients(np.eye(8).reshape(1, 64), shape=(8, 8)).shape
    (1, 32)
    """
    height, width = shape
    X = np.asarray(X, dtype=np.float32)
    if height % cell or width % cell:
        raise InvalidParameterError(
            f"The 'shape' parameter of oriented_gradients must be multiples of {cell}, the side of "
            f"a cell. Got {shape!r} instead."
        )
    if X.ndim != 2 or X.shape[1] != height * width:
        raise InvalidParameterError(
            f"X of oriented_gradients must have {height * width} columns for images of the shape "
            f"{shape!r}. Got the shape {X.shape}."
        )
    images = X.reshape(-1, height, width)
    parts = [
        _histograms(images[start : start + _IMAGES], cell, n_directions)
        for start in range(0, max(len(X), 1), _IMAGES)
    ]
    return np.concatenate(parts)


def _histograms(images, cell, n_directions):
    height, width = images.shape[1:]
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    down = padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]
    right = padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]
    length = np.hypot(down, right)
    place = np.arctan2(down, right) * (n_directions / (2 * np.pi)) % n_directions
    first = place.astype(np.int64) % n_directions
    share = (place - np.floor(place)) * length
    directions = np.arange(n_directions)[:, None, None, None]
    votes = (first == directions) * (length - share)
    votes += ((first + 1) % n_directions == directions) * share
    cells = votes.reshape(n_directions, -1, height // cell, cell, width // cell, cell).sum((3, 5))
    rows = cells.transpose(1, 0, 2, 3).reshape(len(images), -1)
    return np.sqrt(rows / np.maximum(rows.sum(1, keepdims=True), _LEAST_VOTES))
