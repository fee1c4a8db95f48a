"""Named instances of every public estimator, on which the contract tests run.

A public estimator without an entry here fails ``test_every_public_estimator_is_tested``.
"""

import importlib
import inspect
import pkgutil

import numpy as np
import sklearn_private
from sklearn.base import BaseEstimator
from sklearn_private.dp import DomainEncoder, DPLogisticRegression

INSTANCES = {
    DPLogisticRegression: [
        DPLogisticRegression(feature_norm=1.0),
        DPLogisticRegression(epsilon=30.0, feature_norm=10.0, neighboring="zero_out"),
        DPLogisticRegression(feature_norm=3.0, random_state=0),
    ],
    DomainEncoder: [DomainEncoder((-5.0, 5.0))],
}

EXPECTED_FAILED = {}
"""From a class to {name of a check: why it cannot hold}."""


def public_estimators():
    """Return every estimator class that a package exports."""
    packages = ["sklearn_private"] + [
        f"sklearn_private.{m.name}"
        for m in pkgutil.iter_modules(sklearn_private.__path__)
        if m.ispkg
    ]
    found = set()
    for name in packages:
        module = importlib.import_module(name)
        for public in module.__all__:
            value = getattr(module, public)
            if inspect.isclass(value) and issubclass(value, BaseEstimator):
                found.add(value)
    return sorted(found, key=lambda cls: cls.__name__)


def instances():
    """Return all named instances as a flat list."""
    return [instance for group in INSTANCES.values() for instance in group]


def fit_example(estimator, n=120):
    """Fit ``estimator`` on a small table that every estimator can take."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    y = (X[:, 0] + 0.3 * rng.normal(size=n) > 0).astype(int)
    return estimator.fit(X, y)
