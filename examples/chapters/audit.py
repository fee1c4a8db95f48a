"""Trust, then verify: try to refute what a private model claims."""

from dataclasses import replace

from sklearn.base import clone

from sklearn_private import DPLogisticRegression
from sklearn_private.audit import EpsilonAudit, exact_loss

CLAIMED = 4.0


class Careless(DPLogisticRegression):
    """A model with a mistake planted: its noise is that of twice the epsilon it claims."""

    def fit(self, X, y):
        """Fit with too little noise, and state the claim of a correct fit."""
        correct = DPLogisticRegression(**self.get_params())
        noisy = clone(correct).set_params(epsilon=2 * self.epsilon).fit(X, y)
        self.coef_, self.intercept_, self.classes_ = noisy.coef_, noisy.intercept_, noisy.classes_
        self.privacy_statement_ = replace(correct.fit(X, y).privacy_statement_, owner="Careless")
        return self


def model_of(kind, solver):
    """Return a model that claims epsilon 4 about one row that is there or not."""
    return kind(CLAIMED, neighboring="zero_out", solver=solver, feature_norm=1.0, classes=[0, 1])


def run(folder, console):
    """Run the chapter.

    Parameters
    ----------
    folder : pathlib.Path
        Not used: this chapter prints only.
    console : module
        Prints headings, text and tables.
    """
    del folder
    console.heading("Does the claim hold? An audit by many fits")
    console.text(
        f"Each model claims epsilon {CLAIMED:g} and is fitted 600 times on made-up rows, half of "
        "them without one row.\nHow well the fits of the two halves can be told apart bounds "
        "epsilon from below (99.9 % confidence)."
    )
    rows = []
    for kind, what in ((DPLogisticRegression, "as it is"), (Careless, "noise of epsilon 8")):
        found = EpsilonAudit(model_of(kind, "gd"), n_fits=300, random_state=0).run()
        numbers = [f"{CLAIMED:g}", f"{found.epsilon_lower_bound:.2f}"]
        rows.append([f"{kind.__name__}, {what}", *numbers, found.verdict])
    console.table(["model", "claimed", "at least", "verdict"], rows)
    loss = exact_loss(model_of(DPLogisticRegression, "objective"))
    console.text(
        "An audit can refute a claim, never prove it. Where the density of a release is known, the "
        f"loss itself\ncan be integrated: objective perturbation loses {loss.epsilon:.2f} of "
        f"{loss.claimed_epsilon:g} on the worst rows found."
    )
