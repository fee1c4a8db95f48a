"""What the private classifier and the private regressor share."""

import dataclasses

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from sklearn_private import accounting
from sklearn_private._checks import Checks
from sklearn_private._numeric import read_numbers
from sklearn_private.exceptions import GuaranteeError, InvalidParameterError
from sklearn_private.mechanisms import noise_source

from ._design import design, featured
from ._modules import as_input, new_module, outputs_of
from ._private_fit import CLIPPING, private_fit, seeded_torch


class ModuleEstimator(BaseEstimator):
    """A scikit-learn estimator around a module that is trained privately.

    A subclass says what targets and outputs are (``_targets``, ``_n_outputs``, ``_criterion``).
    """

    def _fit(self, X, y, *, anew, classes=None):
        """Train on rows: a new module, or the one that there is."""
        self._check_parameters()
        anew = anew or not hasattr(self, "module_")
        X, y = read_numbers(self, X, y, reset=anew, **self._y_checks)
        if not anew:
            self._refuse_other_claim()
        targets, findings, known = self._targets(y, anew, classes)
        made = featured(self, X)
        rng = noise_source(self.random_state)
        with seeded_torch(rng, self.device):
            module = self._start(made.shape[1:], known, anew)
        inputs, source = design(self, made, module)
        tensors = [as_input(module, inputs), targets.to(self.device)]
        run = private_fit(self, module, tensors, self.criterion or self._criterion, rng)
        statement = self._statement(run, source, findings)
        if not anew:
            statement = _both(self.privacy_statement_, statement)
        self.module_ = module.eval()
        self.privacy_statement_ = statement
        self.n_steps_ = int(statement.parameters["n_steps"])
        for name, value in known.items():
            setattr(self, name, value)
        if anew:
            self._look(inputs.shape[-1])
        return self

    def _look(self, n_inputs):
        """Look at what was released; nothing else is looked at."""

    def _outputs(self, X):
        """Return the outputs of the module on rows, as float64."""
        check_is_fitted(self)
        X = read_numbers(self, X, reset=False)
        inputs, _ = design(self, featured(self, X), self.module_)
        return outputs_of(self.module_, inputs).double().numpy()

    def _start(self, shape, known, anew):
        n_outputs = self._n_outputs(known)
        module = new_module(
            self.module if anew else self.module_,
            shape[0],
            n_outputs,
            device=self.device,
            owner=type(self).__name__,
        )
        if not anew:
            return module.train()
        found = tuple(outputs_of(module.eval(), torch.zeros(2, *shape)).shape)
        if found != (2, n_outputs):
            raise InvalidParameterError(
                f"The 'module' parameter of {type(self).__name__} must give {n_outputs} numbers "
                f"for each row. Got outputs of the shape {found} for 2 rows."
            )
        return module

    def _refuse_other_claim(self):
        before = self.privacy_statement_
        if (before.neighboring, before.delta) != (self.neighboring, self.delta):
            raise GuaranteeError.unreleased(
                f"{type(self).__name__} was fitted for neighboring={before.neighboring!r} and "
                f"delta={before.delta:g}; a claim for others has no sum with that.",
                "Keep both, or call fit() to begin anew.",
            )

    def _statement(self, run, source, findings):
        return dataclasses.replace(
            run,
            owner=type(self).__name__,
            releases=("module_", "parameters after each step"),
            leaks=(
                *("number and names of features", "number of rows"),
                *(("the set of labels in y",) if findings else ()),
                *("that no step was refused", "time of the fit"),
            ),
            bounds={**run.bounds, "rows": source, **self._target_bounds(findings)},
            findings=(*run.findings, *findings),
        )

    def _check_parameters(self):
        check = Checks(self)
        check.real("epsilon", "max_grad_norm", above=0)
        check.real("lr", above=0, optional=True)
        check.real("delta", above=0, below=1)
        check.real("ema", at_least=0, below=1, optional=True)
        check.integer("n_copies", at_least=1)
        check.integer("batch_size", "max_epochs", at_least=1, optional=True)
        check.integer("verbose", at_least=0)
        check.choice("neighboring", among=("zero_out", "replace_one"))
        check.choice("clipping", among=tuple(CLIPPING))
        check.choice("sampling", among=("poisson", "truncated_poisson", "fixed"))
        if self.augment is not None and not callable(self.augment):
            raise check.invalid("augment", "a function from rows to rows, or None")
        if self.augment is None and self.n_copies > 1:
            raise check.invalid("n_copies", "1 without augment=: copies would be equal")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.non_deterministic = self.random_state is None
        return tags


def _both(before, now):
    """Return the statement of two runs on the same rows, or on rows that may be the same."""
    event = accounting.compose_events([before.event, now.event])
    seeded = "seeded" in (before.randomness, now.randomness)
    epsilon = accounting.epsilon(event, delta=now.delta, neighboring=now.neighboring)
    n_steps = before.parameters["n_steps"] + now.parameters["n_steps"]
    return dataclasses.replace(
        now,
        epsilon=np.inf if seeded else epsilon,
        event=event,
        charges=(*before.charges, *now.charges),
        n_rows=max(before.n_rows, now.n_rows),
        parameters={**now.parameters, "n_steps": n_steps},
        randomness="seeded" if seeded else now.randomness,
        findings=tuple(dict.fromkeys((*before.findings, *now.findings))),
    )
