"""One key pair of 2,048 bits, and one small model, for all tests of the package."""

import json

import pytest
from phe import paillier
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from conftest import VECTORS
from sklearn_private.he import HEPredictor


@pytest.fixture(scope="session")
def private_key():
    """The ``phe`` private key of the vectors."""
    case = json.loads((VECTORS / "paillier.json").read_text())[0]
    p, q = int(case["p"], 16), int(case["q"], 16)
    return paillier.PaillierPrivateKey(paillier.PaillierPublicKey(p * q), p, q)


@pytest.fixture(scope="session")
def cancer():
    """569 rows, 30 columns, two classes."""
    return load_breast_cancer(return_X_y=True)


@pytest.fixture(scope="session")
def iris():
    """150 rows, 4 columns, three classes."""
    return load_iris(return_X_y=True)


@pytest.fixture(scope="session")
def cancer_model(cancer):
    """Standardised logistic regression on all rows of ``cancer``."""
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(*cancer)


@pytest.fixture(scope="session")
def iris_predictor(iris):
    """Three scores of a row, small keys."""
    model = make_pipeline(StandardScaler(), LogisticRegression())
    return HEPredictor(model, security_bits=112, bounds=(0, 10)).fit(*iris)


@pytest.fixture
def parties(iris_predictor, private_key):
    """A client with a key, and its server."""
    client, server = iris_predictor.split()
    return client.keygen(private_key), server
