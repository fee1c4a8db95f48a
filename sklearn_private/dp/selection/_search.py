"""Searches over the parameters of a private estimator that pay for what they look at.

A search of scikit-learn over a private estimator voids its claim: the scores that it picks by, and
keeps in ``cv_results_``, are exact functions of the rows. These searches pick in one of the ways of
:mod:`sklearn_private.dp.selection._modes`, charge one ledger once for everything, and state one
claim.
"""

import math
from typing import Any

from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags, indexable
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from ..._checks import Checks
from ...accounting import open_ledger
from ...exceptions import InvalidParameterError
from ...mechanisms import noise_source
from ...statements import Payment, ledgers_of
from ..fitting import own_fit
from ..rows import unit_numbers
from ._candidates import candidate, n_rows, refuse_unknown_holders
from ._modes import Task, compose_scores, search_one_release, select_secretly, validate_publicly
from ._repeats import SHAPES
from ._scorer import DPScorer

MODES = {
    "compose": compose_scores,
    "select": select_secretly,
    "public_validation": validate_publicly,
    "free": search_one_release,
}
_PUBLIC = ("public_validation", "free")
_RELEASED = ("best_estimator_", "best_index_", "best_params_", "best_score_", "cv_results_")


def _winner_has(name):
    """Return whether the winner, or before the fit the estimator, has a method."""

    def check(search):
        getattr(getattr(search, "best_estimator_", search.estimator), name)
        return True

    return available_if(check)


class PrivateSearch(MetaEstimatorMixin, BaseEstimator):
    """What the searches share; each one says which candidates there are."""

    # Asked for by the class itself: with routing off, another search would drop it silently.
    __metadata_request__fit = {"privacy_unit": True}  # noqa: RUF012

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own_fit(cls)

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike | None = None,
        *,
        privacy_unit: ArrayLike | None = None,
        validation: Any = None,
    ) -> object:
        """Search, charging the ledger once for everything before anything is released.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Private rows. ``mode="free"`` does not read them.
        y : array-like of shape (n_samples,), default=None
            Their labels.
        privacy_unit : array-like of shape (n_samples,), default=None
            Whose data each row is, for the fits. A person is then in one fold, and one row of each
            person is scored. A pipeline takes it with ``sklearn.set_config(
            enable_metadata_routing=True)``.
        validation : tuple (X, y) of array-like, default=None
            Public rows and their labels, of the modes that score on public rows.

        Returns
        -------
        object
            Itself.

        Raises
        ------
        InvalidParameterError
            If a parameter breaks its rule, or the claim of a candidate is void.
        BudgetExceededError
            If the ledger refuses; nothing was released.
        """
        self._check_parameters(validation)
        rng = noise_source(self.random_state)
        candidates = self._candidates(rng)
        self._refuse_settings_of_the_search(candidates)
        for parameters in candidates:
            refuse_unknown_holders(candidate(self.estimator, parameters))
        ledger = self._one_ledger(candidates)
        validate_data(self, X, skip_check_array=True)
        X, y, number = self._rows_and_owners(X, y, privacy_unit)

        paid = []

        def pay(event, fits):
            payment = self._payment(fits, ledger, rng)
            self._refuse_an_infinite_claim(event, payment)
            payment.spend(event, delta=self.delta)
            paid.append(payment)

        task = Task(self, candidates, X, y, number, validation, rng, pay)
        found = MODES[self.mode](task)
        payment = paid[0] if paid else self._payment(found.fits, ledger, rng)
        statement = self._state(found, payment, None if self.mode == "free" else task.n_units)
        for name in _RELEASED:  # those of an earlier fit in another mode go
            vars(self).pop(name, None)
        vars(self).update(found.released, privacy_statement_=statement)
        return self

    @_winner_has("predict")
    def predict(self, X: ArrayLike) -> Any:
        """Return what the winner predicts."""
        return self._winner().predict(X)

    @_winner_has("predict_proba")
    def predict_proba(self, X: ArrayLike) -> Any:
        """Return the probabilities that the winner predicts."""
        return self._winner().predict_proba(X)

    @_winner_has("predict_log_proba")
    def predict_log_proba(self, X: ArrayLike) -> Any:
        """Return the log-probabilities that the winner predicts."""
        return self._winner().predict_log_proba(X)

    @_winner_has("decision_function")
    def decision_function(self, X: ArrayLike) -> Any:
        """Return the decision values of the winner."""
        return self._winner().decision_function(X)

    @_winner_has("transform")
    def transform(self, X: ArrayLike) -> Any:
        """Return what the winner makes of X."""
        return self._winner().transform(X)

    @_winner_has("score")
    def score(self, X: ArrayLike, y: ArrayLike | None = None) -> Any:
        """Return the exact score of the winner: on private rows a query that nobody paid for."""
        return self._winner().score(X, y)

    @property
    def classes_(self) -> Any:
        """Labels of the winner."""
        if not hasattr(self, "best_estimator_"):
            raise AttributeError(f"This {type(self).__name__} has no best_estimator_.")
        return self.best_estimator_.classes_

    def __sklearn_is_fitted__(self):
        return hasattr(self, "privacy_statement_")

    def __sklearn_tags__(self):
        tags, inner = super().__sklearn_tags__(), get_tags(self.estimator)
        for name in ("estimator_type", "classifier_tags", "regressor_tags", "transformer_tags"):
            setattr(tags, name, getattr(inner, name))
        tags.input_tags, tags.target_tags = inner.input_tags, inner.target_tags
        tags.non_deterministic = True
        return tags

    def _winner(self):
        check_is_fitted(self)
        if not hasattr(self, "best_estimator_"):
            raise NotFittedError(
                f"This {type(self).__name__} kept no estimator, since refit=False. Set refit=True."
            )
        return self.best_estimator_

    def _check_parameters(self, validation):
        check = Checks(self)
        check.choice("mode", among=tuple(MODES))
        check.real("delta", at_least=0, below=1)
        check.integer("cv", at_least=2)
        check.real("n_draws", at_least=1, at_most=1e6)
        check.choice("law", among=tuple(SHAPES))
        if not (callable(self.refit) or isinstance(self.refit, bool)):
            raise check.invalid("refit", "True, False or a callable")
        if self.mode == "select" and self.refit is not True:
            raise check.invalid(
                "refit", "True in mode='select', which releases the winner and no results"
            )
        if validation is not None and self.mode not in _PUBLIC:
            raise InvalidParameterError(
                f"mode={self.mode!r} of {type(self).__name__} scores on private rows and takes no "
                f"validation=. Use one of {', '.join(map(repr, _PUBLIC))} with it."
            )

    def _refuse_settings_of_the_search(self, candidates):
        """Refuse a search over what the search itself decides, or over epsilon in secret."""
        refused = {
            "ledger": "the search charges its own",
            "verbose": "the search is silent",
            "memory": "the search lets no candidate cache what it fits",
        }
        if self.mode == "select":
            refused["epsilon"] = (
                "the best score is always that of the largest one: draw a curve by mode='compose'"
            )
        for name in sorted({name for parameters in candidates for name in parameters}):
            last = name.rpartition("__")[2]
            if last in refused:
                raise InvalidParameterError.unreleased(
                    f"{type(self).__name__} cannot search over {name!r} in mode={self.mode!r}, "
                    f"since {refused[last]}."
                )

    def _rows_and_owners(self, X, y, privacy_unit):
        """Return rows, labels and the number of each row's owner, if there is one."""
        X, y = indexable(X, y)
        if privacy_unit is None:
            return X, y, None
        if self.mode == "free":
            raise InvalidParameterError(
                f"mode='free' of {type(self).__name__} reads no private rows and takes no "
                "privacy_unit=."
            )
        return X, y, unit_numbers(type(self).__name__, privacy_unit, n_rows(X))[0]

    def _refuse_an_infinite_claim(self, event, payment):
        payment.claim(event, delta=self.delta)
        if math.isinf(payment.epsilon) and not payment.seeded:
            raise Checks(self).invalid(
                "delta", "larger than the deltas of all fits and scores together"
            )

    def _one_ledger(self, candidates):
        """Return the ledger that pays: the search's own, or that of its scorer or candidates."""
        inside = [ledgers_of(candidate(self.estimator, p)) for p in candidates]
        of_scores = self.scoring.ledger if isinstance(self.scoring, DPScorer) else None
        own = [open_ledger(one) for one in (self.ledger, of_scores) if one is not None]
        ledgers = {ledger: None for group in (own, *inside) for ledger in group}
        if len(ledgers) > 1:
            raise InvalidParameterError.unreleased(
                f"{type(self).__name__} pays once, to one ledger, but it and its parts name "
                f"{len(ledgers)}.",
                "Give ledger= to the search alone.",
            )
        return next(iter(ledgers), None)

    def _payment(self, fits, ledger, rng):
        return Payment(
            ledger=ledger,
            owner=type(self).__name__,
            neighboring=_relation(fits),
            rng=rng,
            unit=fits[0].unit,
            seeded=any(fit.is_seeded for fit in fits),
        )

    def _state(self, found, payment, n_units):
        payment.claim(found.event, delta=self.delta)
        first = found.fits[0]
        findings = dict.fromkeys(f for fit in found.fits for f in fit.findings)
        leaks = dict.fromkeys(leak for fit in found.fits for c in fit.claims for leak in c.leaks)
        claimed = (a for fit in found.fits for c in fit.claims for a in c.assumes)
        beside = (text for fit in found.fits for text in fit.assumes)
        assumes = dict.fromkeys((*claimed, *beside))
        sources = {key: text for c in first.claims for key, text in c.bounds.items()}
        return payment.statement(
            protects=first.claims[0].protects.removesuffix(f", {payment.moved}"),
            n_rows=None if payment.neighboring == "add_remove" else n_units,
            against="whoever reads the fitted attributes and knows all other rows",
            releases=tuple(found.released),
            leaks=(*leaks, *found.leaks),
            assumes=(
                *assumes,
                "the candidates were listed without looking at the rows",
                *(("the validation rows are public",) if self.mode in _PUBLIC else ()),
            ),
            mechanism=found.mechanism,
            parameters={"mode": self.mode, **found.parameters},
            bounds=sources,
            findings=findings,
        )


def _relation(fits):
    """Return the relation that all fits claim."""
    relations = sorted({fit.neighboring for fit in fits})
    if len(relations) > 1:
        raise InvalidParameterError.unreleased(
            f"The candidates claim different relations, {relations}.",
            "Give all of them one neighboring=.",
        )
    return relations[0]
