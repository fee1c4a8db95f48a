"""A ``refit=`` rule for searches over epsilon: the most private candidate that is good enough."""

import numpy as np

from ..._checks import Checks
from ...exceptions import InvalidParameterError


class most_private:
    """Pick the smallest epsilon whose mean score is near the best.

    A search that picks the best score always picks the largest epsilon. Give this as ``refit=`` to
    scikit-learn's searches instead.

    Parameters
    ----------
    parameter : str
        Name of the searched parameter, such as ``"clf__epsilon"``. Smaller is more private.
    within : float, default=0.01
        How far below the best mean test score a candidate may be.
    metric : str, default="score"
        Which mean test score, where a search computes several.

    Notes
    -----
    **Protects** nothing by itself: it changes which private fit is kept.
    **Against** nobody.
    **Leaks** the choice, which was made by raw scores; a report counts that as a finding.
    **Assumes** that a smaller value of ``parameter`` is more private.

    Examples
    --------
    >>> from sklearn_private import most_private
    >>> results = {"param_epsilon": [0.5, 1.0, 8.0], "mean_test_score": [0.70, 0.80, 0.805]}
    >>> most_private("epsilon", within=0.01)(results)
    1
    """

    def __init__(self, parameter: str, within: float = 0.01, metric: str = "score"):
        self.parameter = parameter
        self.within = within
        self.metric = metric
        Checks(self).real("within", at_least=0)

    def __call__(self, cv_results):
        """Return the index of the candidate to keep.

        Parameters
        ----------
        cv_results : dict
            ``cv_results_`` of a search.

        Returns
        -------
        int

        Raises
        ------
        InvalidParameterError
            If the parameter was not searched, or no candidate has a score.
        """
        key = f"param_{self.parameter}"
        if key not in cv_results:
            searched = sorted(k.removeprefix("param_") for k in cv_results if "param_" in k)
            raise Checks(self).invalid("parameter", f"one of those searched, {searched}")
        scores = np.asarray(cv_results[f"mean_test_{self.metric}"], dtype=float)
        if np.isnan(scores).all():
            raise InvalidParameterError(
                "No candidate of the search has a score: every fit failed, for example because "
                "the ledger refused it. Set error_score='raise' to see why."
            )
        good = np.flatnonzero(scores >= np.nanmax(scores) - self.within)
        values = np.asarray(cv_results[key], dtype=float)[good]
        ties = good[values == values.min()]
        return int(ties[np.argmax(scores[ties])])

    def __repr__(self):
        return f"most_private({self.parameter!r}, within={self.within!r})"
