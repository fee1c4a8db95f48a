"""Mistakes of a user that a type checker must see: ``make lint`` fails where it does not.

Every line here has an ``ignore`` that names its error, and an unneeded one is an error itself.
"""

from sklearn_private import (  # type: ignore[attr-defined]
    DPLogisticRegression,
    KAnonymizer,
    NoSuchThing,
    PrivacyLedger,
    privacy_report,
)
from sklearn_private.accounting import epsillon  # type: ignore[attr-defined]
from sklearn_private.federated import RowDP
from sklearn_private.mechanisms import gaussian, noise_source
from sklearn_private.statements import Finding

DPLogisticRegression(feature_nrom=1.0)  # type: ignore[call-arg]
KAnonymizer(quasi_identifers=["age"])  # type: ignore[call-arg]
report = privacy_report(DPLogisticRegression())
report.findingz  # type: ignore[attr-defined]
report.findings[0].levle  # type: ignore[attr-defined]
Finding.fatal("a", "b", "c")  # type: ignore[attr-defined]
PrivacyLedger("x", epsilon="ten")  # type: ignore[arg-type]
PrivacyLedger("x").spent().upper()  # type: ignore[attr-defined]
RowDP(epsilon="2", delta=1e-5, feature_norm=1.0)  # type: ignore[arg-type]
gaussian([1.0], sensitivity=1.0, sigma=2.0, rng=noise_source())  # type: ignore[call-arg]
print(NoSuchThing, epsillon)
