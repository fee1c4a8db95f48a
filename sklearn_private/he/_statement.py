"""The promise of an encrypted predictor."""

from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from ..statements import DPStatement, EncryptionStatement, Finding, Step, compose
from .compile import inner_of
from .maps import published
from .schemes import SCHEMES


def encryption_statement(
    predictor: Any, layout: Any, scheme: object, errors: dict[str, float]
) -> EncryptionStatement:
    """Return the statement of a fitted predictor.

    Parameters
    ----------
    predictor : HEPredictor
        With its fitted ``estimator_``.
    layout : Layout
        The public parameters.
    scheme : object
        The opened scheme.
    errors : dict of str to float
        The proven bound on the error of a score, and what was measured.

    Returns
    -------
    EncryptionStatement
    """
    entry, steps = SCHEMES[layout.scheme], training_steps(predictor.estimator_)
    return EncryptionStatement(
        owner=type(predictor).__name__,
        protects="feature values and scores of the rows to predict",
        unit="row",
        against="the server that holds the model, honest but curious, and whoever reads the wire",
        releases=(
            "public key and encrypted features, to the server",
            "encrypted scores, to the client",
            f"{predictor._client.map.publishes}, link function and class labels, to every client",
        ),
        leaks=(
            "the number of rows and columns of a request, to the server",
            predictor._server.program.learnt,
            "whether an answer decrypted, to a server that watches: one bit a key at most",
            *entry.leaks,
        ),
        assumes=(
            entry.assumption,
            "each key stays with its party, and the server follows the protocol: ciphertexts are "
            "malleable, and what a signature says is who sent a message, not that it is right",
            "the code has had no third-party audit, and big integers are not constant time",
        ),
        mechanism=entry.title,
        parameters={
            **scheme.parameters,
            "precision_bits": predictor.precision_bits,
            "weight_bits": predictor.weight_bits,
            **errors,
        },
        bounds={"columns": _source(predictor)},
        randomness="operating system",
        findings=(*_findings(predictor, steps, errors), *_broken_claims(steps)),
        parts=tuple(step.statement for step in steps if step.statement),
        scheme=layout.scheme,
        security_bits=layout.security_bits,
        simulation=True,
    )


def training_steps(
    estimator: object, path: str = "estimator", behind: tuple[Step, ...] = ()
) -> list[Step]:
    """Return the steps of a fitted estimator, in the order in which training rows passed them.

    Parameters
    ----------
    estimator : object
        A fitted estimator that :func:`fold` takes.
    path : str
        What to call it.
    behind : tuple of Step
        The steps in front of it.

    Returns
    -------
    list of Step
    """
    statement = getattr(estimator, "privacy_statement_", None)
    model = estimator if statement is not None else inner_of(estimator)
    if not isinstance(model, Pipeline):
        if model is not estimator:
            return training_steps(model, path, behind)
        return [Step(path, type(estimator).__name__, True, statement, behind)]
    steps = []
    for name, step in model.steps[:-1]:
        if hasattr(step, "get_params"):  # neither "passthrough" nor None
            statement = getattr(step, "privacy_statement_", None)
            stateful, kind = get_tags(step).requires_fit, type(step).__name__
            steps.append(Step(f"{path}.{name}", kind, stateful, statement, (*behind, *steps)))
    name, last = model.steps[-1]
    return [*steps, *training_steps(last, f"{path}.{name}", (*behind, *steps))]


def _broken_claims(steps):
    """Return what composition finds, without what the statements of the steps say themselves."""
    statements = [s for step in steps if step.statement for s in step.statement.flatten()]
    own = {finding.message for statement in statements for finding in statement.findings}
    if not statements:
        return []
    return [finding for finding in compose(steps).findings if finding.message not in own]


def _source(predictor):
    client_map = predictor._client.map
    if "leaves" in (client_map.kind, getattr(client_map, "inner", client_map).kind):
        return "none needed"
    if predictor.bounds is None:
        return "minima and maxima of the training rows, widened and rounded outward"
    return "given in bounds="


def _findings(predictor, steps, measured):
    yield Finding.note(
        "one-process",
        "predict runs client and server in one process, which protects nothing",
        "give the two objects of split() to two parties",
        where="predict",
    )
    if predictor.simulate:
        yield Finding.warning(
            "not-encrypted",
            "simulate=True: predict computes the same whole numbers without encryption",
            "set simulate=False to encrypt",
            where="simulate",
        )
    if "agreement" in measured:
        yield Finding(
            "note" if measured["agreement"] >= 0.95 else "warning",
            "approximated-activations",
            "the activations of the network are replaced by parabolas, which agree with it on "
            f"{measured['agreement']:.1%} of the training rows (R squared, of a regressor)",
            "compare predict with that of estimator_ on rows that were not in the fit",
            where="estimator",
        )
    void = any(step.promises(DPStatement) for step in steps)
    yield from _learnt(predictor, predictor._client.map, void=void)


def _learnt(predictor, client_map, *, void):
    """Yield what is to be said of what a client map took from the training rows."""
    level = "error" if void else "warning"
    void_too = ", so the differential-privacy claim of the model is void" if void else ""
    who = f"and every client gets them{void_too}"
    if client_map.kind == "steps":
        pairs = published(client_map.transformer)
        learnt = ", ".join(dict.fromkeys(f"{what} of {name}" for name, what in pairs))
        if learnt:
            yield Finding(
                level,
                "learnt-steps",
                f"the client's steps hold {learnt} of the training rows, {who}",
                "use steps with public parameters, such as DomainEncoder",
                "estimator",
            )
        yield from _learnt(predictor, client_map.inner, void=void)
    elif client_map.kind == "leaves":
        yield Finding(
            level,
            "learnt-splits",
            f"the thresholds of the trees come from values of the training rows, {who}",
            "round the columns before fit, or use a linear model, if a value may tell of a person",
            "estimator",
        )
    elif predictor.bounds is None:
        yield Finding(
            level,
            "learnt-ranges",
            "the ranges of the columns come from the minima and maxima of the training rows, "
            + who,
            "give public ranges in bounds=",
            "bounds",
        )
