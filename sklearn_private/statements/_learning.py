"""What one step learns from the rows that it is fitted on: nothing, or something.

Three sources, the surest first: a class of scikit-learn with its parameters; the attributes that
``fit`` left behind, whatever the tags say; and a probe. Code that a report cannot read (the
function of a ``FunctionTransformer``, a user's transformer) is run on a made-up batch and on the
same batch with one row changed: where another row comes out differently, or the shape changes, its
output for one person tells about others. What neither shows, such as a mean in a closure, is
stated as an assumption.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.feature_extraction import FeatureHasher
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.kernel_approximation import (
    AdditiveChi2Sampler,
    PolynomialCountSketch,
    RBFSampler,
    SkewedChi2Sampler,
)
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    SplineTransformer,
)
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection
from sklearn.utils import get_tags

from .._optional import require
from ._finding import Finding

_N_ROWS, _CHANGED = 8, 3  # of a made-up batch: its rows, and the one that is changed
_WIDTHS = (2, 8, 64)  # of one for a step that does not say how many columns it takes
OURS = ("sklearn_private", "torch_private")  # packages whose tags are true
_METHODS = {"fit", "fit_transform", "partial_fit", "predict", "transform"}
# What fit may keep though it learned nothing from the rows.
_SHAPE = {"n_features_in_", "feature_names_in_", "privacy_statement_"}


@dataclass(frozen=True)
class Learning:
    """What a step learned.

    Parameters
    ----------
    stateful : bool
        Whether it learned something from the rows, or mixes rows.
    findings : tuple of Finding
        Faults and conditions of claims behind it; ``where`` is relative to the step.
    assumes : tuple of str
        What nobody checked.
    """

    stateful: bool
    findings: tuple[Finding, ...] = ()
    assumes: tuple[str, ...] = ()


NOTHING, SOMETHING = Learning(stateful=False), Learning(stateful=True)
_EMPTY_COLUMNS = Learning(
    stateful=False,
    findings=(
        Finding.warning(
            "learned-columns",
            "SimpleImputer drops columns without any value: the claim holds on the condition that "
            "the set of such columns is public",
            "set keep_empty_features=True",
            where="keep_empty_features",
        ),
    ),
)


def _when(rule: Callable[[Any], bool]) -> Callable[[Any], Learning]:
    return lambda step: NOTHING if rule(step) else SOMETHING


def _never(step: Any) -> Learning:
    return NOTHING


def _of_imputer(step: SimpleImputer) -> Learning:
    if step.strategy != "constant" or step.add_indicator:
        return SOMETHING
    return NOTHING if step.keep_empty_features else _EMPTY_COLUMNS


def _of_encoder(step: OneHotEncoder | OrdinalEncoder) -> Learning:
    counts = step.min_frequency is not None or step.max_categories is not None
    given = not isinstance(step.categories, str)
    return NOTHING if given and not counts else SOMETHING


def _of_function(step: FunctionTransformer) -> Learning:
    # A function of NumPy works on each number; one that np.frompyfunc made may hold others.
    named = getattr(np, getattr(step.func, "__name__", ""), None)
    is_elementwise = isinstance(step.func, np.ufunc) and named is step.func and not step.kw_args
    return NOTHING if step.func is None or is_elementwise else _probed(step)


_KNOWN: dict[type, Callable[[Any], Learning]] = {
    AdditiveChi2Sampler: _never,
    Binarizer: _never,
    CountVectorizer: _when(lambda step: step.vocabulary is not None),
    FeatureHasher: _never,
    FunctionTransformer: _of_function,
    GaussianRandomProjection: _when(lambda step: step.n_components != "auto"),
    HashingVectorizer: _never,
    MissingIndicator: _when(lambda step: step.features == "all"),
    Normalizer: _never,
    OneHotEncoder: _of_encoder,
    OrdinalEncoder: _of_encoder,
    PolynomialCountSketch: _never,
    PolynomialFeatures: _never,
    RBFSampler: _when(lambda step: step.gamma != "scale"),
    SimpleImputer: _of_imputer,
    SkewedChi2Sampler: _never,
    SparseRandomProjection: _when(lambda step: step.n_components != "auto"),
    SplineTransformer: _when(lambda step: not isinstance(step.knots, str)),
    TfidfTransformer: _when(lambda step: not step.use_idf),
}


def learning_of(step: Any) -> Learning:
    """Return what a fitted step learned.

    Parameters
    ----------
    step : object
        An estimator without a statement of its own.

    Returns
    -------
    Learning
    """
    known = known_class(step, _KNOWN)
    if known is not None:
        return _KNOWN[known](step)
    if keeps_something(step):
        return SOMETHING
    if type(step).__module__.partition(".")[0] not in ("sklearn", *OURS):
        return _probed(step)
    return SOMETHING if get_tags(step).requires_fit else NOTHING


def known_class(obj: Any, classes: dict[type, Any]) -> type | None:
    """Return the class among ``classes`` whose fitting and output the object has unchanged.

    A subclass counts as the class as long as it defines no method that fits or transforms, and no
    object may have such a method of its own.
    """
    if any(callable(value) and name in _METHODS for name, value in vars_of(obj).items()):
        return None
    for cls in type(obj).__mro__:
        if cls in classes:
            return cls
        if any(_is_own_code(name) for name in vars(cls)):
            return None
    return None


def vars_of(obj: Any) -> dict[str, Any]:
    """Return the attributes of an object; one with slots shows none."""
    return getattr(obj, "__dict__", {})


def _is_own_code(name: str) -> bool:
    # Names such as set_fit_request are added to every class by metadata routing.
    return not name.startswith(("set_", "__")) and ("fit" in name or "transform" in name)


def keeps_something(step: Any) -> bool:
    """Return whether ``fit`` left more behind than the shape of the table, whatever tags say."""
    if not hasattr(step, "get_params"):
        return True
    kept = vars_of(step).keys() - step.get_params(deep=False).keys() - _SHAPE
    if not isinstance(vars_of(step).get("n_features_in_", 0), Integral):
        return True  # that is no number of columns
    return any(not name.startswith(("_sklearn", "_metadata")) for name in kept)


def _probed(step: Any) -> Learning:
    kind = type(step).__name__
    assumed = f"what {kind} does to a row was fixed without looking at the rows"
    mixes = _mixes_rows(step)
    if mixes:
        finding = Finding.error(
            "batch-dependent",
            f"{kind} was tried on a made-up batch: with one row changed, its output for other "
            "rows, or the number of its columns, changes",
            "compute each row from that row and public numbers alone, as DomainEncoder does",
        )
        return Learning(stateful=True, findings=(finding,))
    if mixes is None:
        assumed += f", and each row by itself ({kind} could not be tried on a made-up batch)"
    return Learning(stateful=False, assumes=(assumed,))


def _mixes_rows(step: Any) -> bool | None:
    """Return whether the output for a row depends on others; None where that was not to be seen."""
    known = getattr(step, "n_features_in_", None)
    widths = _WIDTHS if known is None else (known,)
    answers = [_differs(step, *pair) for width in widths for pair in _made_up_pairs(width)]
    seen = [answer for answer in answers if answer is not None]
    return any(seen) if seen else None


def _made_up_pairs(n_features: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield batches of shape (_N_ROWS, n_features), and each with row _CHANGED other or missing."""
    spread = np.random.default_rng(0).uniform(0.1, 0.9, size=(_N_ROWS, n_features))
    for batch in (spread, np.full((_N_ROWS, n_features), 0.5)):
        yield batch, np.delete(batch, _CHANGED, axis=0)
        for value in (1e6, -1e6, 0.0, np.nan):
            changed = batch.copy()
            changed[_CHANGED] = value
            yield batch, changed


def _differs(step: Any, batch: np.ndarray, changed: np.ndarray) -> bool | None:
    """Return whether rows that two batches share come out differently, None if unknown."""
    try:
        first, again, other = (_output(step, rows) for rows in (batch, batch, changed))
    except Exception:  # the step wants other columns than numbers: there is nothing to see
        return None
    if not _equal(first, again):
        return None  # it draws: each call differs
    if len(first) != len(batch) or len(other) != len(changed):
        return True
    shared = other if len(changed) < len(batch) else np.delete(other, _CHANGED, axis=0)
    return not _equal(np.delete(first, _CHANGED, axis=0), shared)


def _output(step: Any, rows: np.ndarray) -> np.ndarray:
    """Return what a copy of the step makes of rows, as an array of shape (n_rows, ...)."""
    names = getattr(step, "feature_names_in_", None)
    table = (
        rows
        if names is None
        else require("pandas", extra="examples").DataFrame(rows, columns=names)
    )
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        out = copy.deepcopy(step).transform(table.copy())
    return np.atleast_1d(out.toarray() if hasattr(out, "toarray") else np.asarray(out))


def _equal(one: np.ndarray, two: np.ndarray) -> bool:
    if one.shape != two.shape:
        return False
    if one.dtype.kind in "fc" and two.dtype.kind in "fc":  # sums may round otherwise
        return bool(np.allclose(one, two, rtol=1e-9, atol=1e-12, equal_nan=True))
    return bool(np.array_equal(one, two))
