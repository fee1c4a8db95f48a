"""Objects of several techniques that keep what they claim: their reports hold, without an error."""

import numpy as np
import pandas as pd
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_private import (
    DomainEncoder,
    DPGridSearchCV,
    DPLogisticRegression,
    FederatedWrapper,
    HEPredictor,
    IdentifierRemover,
    PrivacyLedger,
    dp,
    privacy_report,
)
from sklearn_private.federated import RowDP

N = 400
DOMAIN = {"age": (17, 90), "sex": ["F", "M"]}


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(0)
    names = [f"p{i}" for i in range(N)]
    table = pd.DataFrame({"name": names, "age": rng.integers(17, 90, N)})
    return table.assign(sex=rng.choice(["F", "M"], N)), (table["age"] > 50).astype(int).to_numpy()


@pytest.fixture(scope="module")
def rows(people):
    return np.random.default_rng(1).uniform(0, 1, size=(N, 3)), people[1]


def private(**settings):
    return DPLogisticRegression(**{"feature_norm": 1.0, "classes": [0, 1], **settings})


OF_PEOPLE = {
    "declared identifiers": lambda s: make_pipeline(
        IdentifierRemover(["name"]), DomainEncoder(DOMAIN), private(**s)
    ),
    "paid search": lambda s: DPGridSearchCV(
        make_pipeline(DomainEncoder(DOMAIN), private(**s)), {"dplogisticregression__C": [0.1, 1.0]}
    ),
}
OF_ROWS = {
    "private scaler": lambda s: make_pipeline(
        dp.DPStandardScaler(bounds=(0.0, 1.0), **s), private(**s)
    ),
    "private components": lambda s: make_pipeline(
        dp.DPPCA(n_components=2, feature_norm=2.0, **s), private(**s)
    ),
    "naive Bayes": lambda s: dp.DPGaussianNB(bounds=(0.0, 1.0), classes=[0, 1], **s),
    "ridge": lambda s: dp.DPRidge(target_bounds=(0, 1), feature_norm=2.0, **s),
    "clusters": lambda s: dp.DPKMeans(n_clusters=2, bounds=(0.0, 1.0), **s),
    "federation": lambda s: FederatedWrapper(
        LogisticRegression(),
        dp=RowDP(epsilon=2.0, delta=1e-5, feature_norm=2.0),
        classes=[0, 1],
        secure_aggregation=True,
        **s,
    ),
}


@pytest.mark.parametrize("name", [*OF_PEOPLE, *OF_ROWS])
def test_a_clean_object_holds_and_states_no_less_than_its_ledger(name, people, rows, tmp_path):
    ledger = PrivacyLedger(tmp_path / "ledger", epsilon=100.0, delta=1e-3)
    model = {**OF_PEOPLE, **OF_ROWS}[name]({"ledger": ledger})
    X, y = people if name in OF_PEOPLE else rows
    groups = {"groups": np.arange(N) % 4} if name == "federation" else {}
    report = privacy_report(model.fit(X, y, **groups))
    assert report.holds
    assert {finding.level for finding in report.findings} <= {"note"}
    assert report.composition.epsilon >= ledger.spent() > 0
    report.check({"recorded": True, "max_ledgers": 1, "worst_finding": "note"})


def test_a_private_model_behind_encryption_or_a_threshold_keeps_its_claim(rows):
    model = private().fit(*rows)
    encrypted = HEPredictor(model, bounds=(0.0, 1.0)).fit(*rows)
    threshold = FixedThresholdClassifier(FrozenEstimator(model), threshold=0.4).fit(*rows)
    for obj in (encrypted, threshold):
        report = privacy_report(obj)
        assert report.holds
        assert report.composition.epsilon == pytest.approx(1.0)


def test_detected_identifiers_void_what_declared_ones_do_not(people):
    detecting = make_pipeline(IdentifierRemover(), DomainEncoder(DOMAIN), private())
    report = privacy_report(detecting.fit(*people))
    assert {f.code for f in report.findings if f.level == "error"} == {"fitted-without-dp"}


def test_noisy_scores_of_a_search_are_read_from_the_ledger_of_their_scorer(rows, tmp_path):
    budgets = {"epsilon": 500.0, "delta": 1e-3}
    fits = PrivacyLedger(tmp_path / "fits", **budgets)
    scores = PrivacyLedger(tmp_path / "scores", **budgets)
    scorer = dp.DPScorer("accuracy", ledger=scores)
    search = GridSearchCV(private(ledger=fits), {"C": [0.1, 1.0]}, cv=2, scoring=scorer)
    report = privacy_report(search.fit(*rows))
    assert report.composition.epsilon >= max(fits.spent(), scores.spent())
    assert len(report.ledgers) == 2
