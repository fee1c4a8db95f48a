"""Per-sample gradients of one parameter, in the form that is cheapest to norm and to sum.

Clipping asks two things of the gradients g_1, ..., g_B of a parameter: their norms, and the sum of
c_i g_i once the weights c_i are known. Neither needs the B gradients themselves [1]_:

* :class:`Dense` holds them, where they are small;
* :class:`Outer` holds the factors of g_i = L_iᵀ R_i (linear layers: output gradients and inputs).
  ‖g_i‖² = ⟨L_i L_iᵀ, R_i R_iᵀ⟩ costs T² (p + D) instead of T p D (the ghost norm), and the sum is
  one product of the stacked factors;
* :class:`Rows` holds the touched rows of an embedding;
* :class:`Blocks` stacks gradients of parts of a packed parameter.

The gradients of all uses of a parameter belong together before a norm is taken: :func:`together`.

A norm that is not taken of what is summed, but of its factors, is a difference of large numbers
where the T terms of a sample cancel: its rounding error may be larger than itself, and a sample of
large terms would slip through the clipping. So no such norm is taken to be less than a hundredth of
the sum of the norms of its terms: see :func:`from_terms`.

.. [1] Z. Bu, Y.-X. Wang, S. Zha and G. Karypis, "Differentially private optimization on large model
   at small cost", ICML 2023.
"""

from collections.abc import Iterator
from functools import cached_property, reduce
from typing import Any, Self

import torch

_WIDE = (torch.float32, torch.float64)
CHUNK_BYTES = 8 * 2**20  # temporaries stay below this, near the cache and off the memory's peak
_LEAST = 1e-4  # of a squared norm over that of terms that do not cancel; floats know it to 1e-6


def wide(tensor: Any) -> Any:
    """Return a tensor in the precision that norms and sums are computed in: float32 or float64."""
    return tensor if tensor.dtype in _WIDE else tensor.float()


def chunks(n_samples: Any, numbers_per_sample: Any) -> Iterator[Any]:
    """Yield slices of the batch whose temporaries of so many float32 numbers fit in a chunk."""
    size = max(1, CHUNK_BYTES // max(1, 4 * numbers_per_sample))
    for start in range(0, n_samples, size):
        yield slice(start, min(start + size, n_samples))


def norms_of(tensor: Any) -> Any:
    """Return the norm of each sample, shape (batch_size,)."""
    tensor = tensor if tensor.dim() == 2 else tensor.flatten(1)
    return torch.linalg.vector_norm(tensor, dim=1)


def all_norms(norms: Any) -> Any:
    """Return the norms of gradients from those of their parts, a list."""
    return torch.linalg.vector_norm(torch.stack(norms), dim=0)


def from_terms(squared: torch.Tensor, total: torch.Tensor) -> Any:
    """Return norms from squared ones that were not taken of what will be summed.

    Parameters
    ----------
    squared : Tensor of shape (batch_size,)
        Squared norms, with rounding errors of about 1e-6 of the square of ``total``.
    total : Tensor of shape (batch_size,)
        Sums of the norms of the terms.
    """
    return torch.maximum(squared, total.square().mul_(_LEAST)).sqrt_()


class Dense:
    """Per-sample gradients as they are.

    Parameters
    ----------
    values : Tensor of shape (batch_size, *parameter_shape)
        The gradients.
    norms : Tensor of shape (batch_size,), default=None
        Their norms, where they are known already.
    """

    def __init__(self, values: torch.Tensor, norms: torch.Tensor | None = None):
        self.values = values
        self._norms = norms

    @property
    def batch_size(self) -> Any:
        """The number of samples."""
        return self.values.shape[0]

    def norms(self) -> Any:
        """Return the norm of each gradient, shape (batch_size,)."""
        return norms_of(self.values) if self._norms is None else self._norms

    def settled(self) -> Self:
        """Return the cheapest form to keep until the weights are known."""
        return self

    def dense(self) -> Any:
        """Return the gradients, shape (batch_size, *parameter_shape)."""
        return self.values

    def sum_into(self, out: Any, weights: Any, beta: Any) -> None:
        """Set ``out``, of the parameter's shape, to ``beta`` (0, 1) × itself + the weighted sum."""
        values = self.values if self.values.dim() == 2 else self.values.flatten(1)
        out = out if out.dim() == 1 else out.view(-1)
        out.addmv_(values.t(), weights, beta=beta)

    def drop(self, samples: Any) -> None:
        """Set the gradients of the marked samples to zero."""
        where = samples.view(-1, *[1] * (self.values.dim() - 1))
        self.values = self.values.masked_fill(where, 0)  # autograd may still need the old values


class Outer:
    """Per-sample gradients that are products of two factors.

    Parameters
    ----------
    left : Tensor of shape (batch_size, T, p) or (batch_size, p)
        First factor; without T, of one term.
    right : Tensor of shape (batch_size, T, D) or (batch_size, D)
        Second factor; the parameter has shape (p, D).
    left_norms : Tensor of shape (batch_size,), default=None
        Norms of a first factor of one term, where they are known already.
    """

    def __init__(
        self, left: torch.Tensor, right: torch.Tensor, left_norms: torch.Tensor | None = None
    ):
        self.left = left
        self.right = right
        self._left_norms = left_norms

    @property
    def batch_size(self) -> Any:
        """The number of samples."""
        return self.left.shape[0]

    def norms(self) -> Any:
        """Return the norm of each gradient, shape (batch_size,)."""
        if self.left.dim() == 3:
            return _gram_norms(self.left, self.right)
        left = norms_of(wide(self.left)) if self._left_norms is None else self._left_norms
        return left * norms_of(wide(self.right))

    def settled(self) -> Any:
        """Return the cheapest form to keep until the weights are known.

        Products are kept where they are no larger than their factors: there, they also cost less
        than ghost norms, p·D against T·(p + D) in both cases.
        """
        if self.left.dim() == 2:
            return self
        _, n_terms, p = self.left.shape
        D = self.right.shape[2]
        return self._multiplied() if p * D <= n_terms * (p + D) else self

    def terms(self) -> tuple[Any, Any]:
        """Return both factors with the dimension T."""
        if self.left.dim() == 2:
            return self.left.unsqueeze(1), self.right.unsqueeze(1)
        return self.left, self.right

    def _multiplied(self):
        left, right = self.terms()
        n, n_terms, p = left.shape
        D = right.shape[2]
        left = left.transpose(1, 2)
        values = wide(left[:0]).new_empty(n, p, D)
        norms = values.new_empty(n)
        for part in chunks(n, p * D + n_terms * (p + D)):
            torch.bmm(wide(left[part]), wide(right[part]), out=values[part])
            norms[part] = norms_of(values[part])
        return Dense(values, norms)

    def dense(self) -> Any:
        """Return the gradients, shape (batch_size, p, D)."""
        return self._multiplied().values

    def sum_into(self, out: Any, weights: Any, beta: Any) -> None:
        """Set ``out``, of the parameter's shape, to ``beta`` (0, 1) × itself + the weighted sum."""
        left, right = wide(self.left), wide(self.right)
        weights = weights.unsqueeze(1) if left.dim() == 2 else weights.view(-1, 1, 1)
        if left.shape[-1] < right.shape[-1]:
            left = left * weights
        else:
            right = right * weights
        if left.dim() == 3:
            left, right = left.flatten(0, 1), right.flatten(0, 1)
        out.addmm_(left.t(), right, beta=beta)

    def drop(self, samples: Any) -> None:
        """Set the gradients of the marked samples to zero."""
        where = samples.view(-1, *[1] * (self.left.dim() - 1))
        self.left, self.right = (t.masked_fill(where, 0) for t in (self.left, self.right))


def _gram_norms(left, right):
    """Return ‖LᵀR‖ for each sample, from factors of shape (batch_size, T, ...)."""
    norms = wide(left[:0]).new_empty(left.shape[0])
    for part in chunks(len(norms), 2 * left.shape[1] ** 2 + left[:1].numel() + right[:1].numel()):
        grams = [torch.bmm(t, t.transpose(1, 2)) for t in (wide(left[part]), wide(right[part]))]
        norms[part] = gram_norms(*grams)
    return norms


def gram_norms(left: Any, right: Any) -> Any:
    """Return ‖LᵀR‖ for each sample from the Gram matrices L Lᵀ, which is changed, and R Rᵀ."""
    products = left.mul_(right)
    return from_terms(products.sum((1, 2)), products.diagonal(dim1=1, dim2=2).sqrt().sum(1))


class Rows:
    """Per-sample gradients of an embedding: a few rows each, the others are zero.

    Parameters
    ----------
    index : int64 Tensor of shape (batch_size, T)
        Which rows; a row may occur several times.
    values : Tensor of shape (batch_size, T, D)
        Gradient of each occurrence.
    n_rows : int
        Rows of the parameter.
    """

    def __init__(self, index: Any, values: torch.Tensor, n_rows: int):
        self.index = index
        self.values = wide(values)
        self.n_rows = n_rows

    @property
    def batch_size(self) -> Any:
        """The number of samples."""
        return self.index.shape[0]

    @cached_property
    def _distinct(self):
        """Sample, row and summed gradient of each row that a sample touches."""
        offsets = torch.arange(self.batch_size, device=self.index.device)[:, None] * self.n_rows
        keys, places = torch.unique(self.index + offsets, return_inverse=True)
        sums = self.values.new_zeros(len(keys), self.values.shape[2])
        sums.index_add_(0, places.flatten(), self.values.flatten(0, 1))
        return keys // self.n_rows, keys % self.n_rows, sums

    def norms(self) -> Any:
        """Return the norm of each gradient, shape (batch_size,)."""
        sample, _, sums = self._distinct
        squares = norms_of(sums).square()
        return self.values.new_zeros(self.batch_size).index_add_(0, sample, squares).sqrt_()

    def settled(self) -> Self:
        """Return the cheapest form to keep until the weights are known."""
        return self

    def dense(self) -> Any:
        """Return the gradients, shape (batch_size, n_rows, D)."""
        sample, row, sums = self._distinct
        gradients = sums.new_zeros(self.batch_size, self.n_rows, sums.shape[1])
        gradients[sample, row] = sums
        return gradients

    def sum_into(self, out: Any, weights: Any, beta: Any) -> None:
        """Set ``out``, of the parameter's shape, to ``beta`` (0, 1) × itself + the weighted sum."""
        sample, row, sums = self._distinct
        if not beta:
            out.zero_()
        out.index_add_(0, row, sums * weights[sample, None])

    def drop(self, samples: Any) -> None:
        """Set the gradients of the marked samples to zero."""
        sample, _, sums = self._distinct
        sums[samples[sample]] = 0


class _RowsAndOuter:
    """An embedding whose weight is the weight of a linear layer, too: neither is multiplied out."""

    def __init__(self, rows, outer):
        self._rows = rows
        self._outer = outer

    def norms(self):
        """Return the norms: ‖a + b‖² = ‖a‖² + ‖b‖² + 2 ⟨a, b⟩."""
        a, b = self._rows.norms(), self._outer.norms()
        return from_terms(a.square() + b.square() + 2 * self._inner_products(), a + b)

    def _inner_products(self):
        index, values = self._rows.index, self._rows.values
        left, right = self._outer.terms()
        result = values.new_empty(len(index))
        for part in chunks(len(index), 2 * index.shape[1] * left.shape[1]):
            places = index[part, None, :].expand(-1, left.shape[1], -1)
            lefts = wide(left[part].gather(2, places))
            rights = torch.bmm(wide(right[part]), values[part].transpose(1, 2))
            result[part] = rights.mul_(lefts).sum((1, 2))
        return result

    def sum_into(self, out, weights, beta):
        """Set ``out``, of the parameter's shape, to ``beta`` (0, 1) × itself + the weighted sum."""
        self._rows.sum_into(out, weights, beta)
        self._outer.sum_into(out, weights, 1)

    def drop(self, samples):
        """Set the gradients of the marked samples to zero."""
        self._rows.drop(samples)
        self._outer.drop(samples)


class Blocks:
    """Per-sample gradients of a packed parameter: blocks stacked along its first dimension.

    Parameters
    ----------
    blocks : list
        Gradients of the blocks, which are equally large.
    """

    def __init__(self, blocks: list[Any]):
        self.blocks = blocks

    @property
    def batch_size(self) -> Any:
        """The number of samples."""
        return self.blocks[0].batch_size

    def norms(self) -> Any:
        """Return the norm of each gradient, shape (batch_size,)."""
        return all_norms([block.norms() for block in self.blocks])

    def settled(self) -> Self:
        """Return the cheapest form to keep until the weights are known."""
        return Blocks([block.settled() for block in self.blocks])

    def dense(self) -> Any:
        """Return the gradients, shape (batch_size, *parameter_shape)."""
        return torch.cat([block.dense() for block in self.blocks], dim=1)

    def sum_into(self, out: Any, weights: Any, beta: Any) -> None:
        """Set ``out``, of the parameter's shape, to ``beta`` (0, 1) × itself + the weighted sum."""
        for block, target in zip(self.blocks, out.chunk(len(self.blocks)), strict=True):
            block.sum_into(target, weights, beta)

    def drop(self, samples: Any) -> None:
        """Set the gradients of the marked samples to zero."""
        for block in self.blocks:
            block.drop(samples)


def together(
    gradients: list[Dense] | Outer | Rows | Blocks,
) -> Dense | Outer | Rows | tuple[Any, Any]:
    """Return the gradients of a parameter from those of its uses by the same samples.

    Parameters
    ----------
    gradients : list of Dense, Outer, Rows or Blocks
        One a use, all of one batch.

    Returns
    -------
    Dense, Outer, Rows or a pair of the last two
    """
    rows = [g for g in gradients if isinstance(g, Rows)]
    outers = [g for g in gradients if isinstance(g, Outer)]
    if len(rows) + len(outers) < len(gradients):
        return Dense(reduce(torch.add, (g.dense() for g in gradients)))
    if rows and outers:
        return _RowsAndOuter(_joined_rows(rows), _joined_outers(outers))
    return _joined_rows(rows) if rows else _joined_outers(outers).settled()


def _joined_rows(uses):
    index, values = (torch.cat([getattr(use, k) for use in uses], 1) for k in ("index", "values"))
    return Rows(index, values, uses[0].n_rows)


def _joined_outers(uses):
    factors = zip(*(use.terms() for use in uses), strict=True)
    return Outer(*(factor[0] if len(uses) == 1 else torch.cat(factor, 1) for factor in factors))
