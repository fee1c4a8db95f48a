"""Code of a user that a type checker takes: ``make lint`` runs one over it.

pytest does not collect this file; nothing here is run.
"""

from sklearn.linear_model import LogisticRegression

from sklearn_private import (
    DomainEncoder,
    DPGridSearchCV,
    DPLogisticRegression,
    FederatedWrapper,
    HEPredictor,
    Hierarchy,
    IdentifierRemover,
    KAnonymizer,
    MPCFitter,
    PrivacyLedger,
    Pseudonymizer,
    __version__,
    privacy_report,
)
from sklearn_private.anonymization import LDiversity
from sklearn_private.audit import EpsilonAudit
from sklearn_private.dp import DPScorer
from sklearn_private.exceptions import BudgetExceededError
from sklearn_private.federated import RowDP
from sklearn_private.mechanisms import gaussian, noise_source

ledger = PrivacyLedger("loans.ledger", epsilon=10.0, delta=1e-5)
spent: float = ledger.spent()
model = DPLogisticRegression(
    epsilon=1.0, delta=1e-5, feature_norm=1.0, classes=[0, 1], ledger=ledger, solver="auto"
)
try:
    fitted = model.fit([[0.0], [1.0]], [0, 1])
except BudgetExceededError as error:
    print(error)
report = privacy_report(model)
levels: list[str] = [finding.level for finding in report.findings]
codes: list[str] = [finding.code for finding in report.findings]
text: str = report.to_markdown()
steps = [
    IdentifierRemover(),
    Pseudonymizer(["id"], key="key.bin"),
    KAnonymizer(k=10, quasi_identifiers=["age"], constraints=[LDiversity(3)]),
    DomainEncoder({"age": (17, 90), "sex": ["F", "M"]}),
    DPGridSearchCV(model, {"epsilon": [1.0]}, scoring=DPScorer("accuracy")),
    FederatedWrapper(LogisticRegression(), dp=RowDP(epsilon=2.0, delta=1e-5, feature_norm=1.0)),
    MPCFitter(LogisticRegression(), n_parties=3),
    HEPredictor(LogisticRegression(), scheme="paillier"),
    EpsilonAudit(model, n_fits=500),
]
groups = Hierarchy.from_tree({"*": ["a", "b"]}) if hasattr(Hierarchy, "from_tree") else None
noisy = gaussian([1.0], sensitivity=1.0, noise_multiplier=2.0, rng=noise_source())
print(__version__, spent, levels, codes, text, steps, groups, noisy)
