"""``site``: fit a model on the rows of this site and of all others, which stay where they are."""

import ast
import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np

from ..exceptions import InvalidParameterError
from ..federated import FederatedWrapper
from ..report import privacy_report
from ..storage import write_private
from ..sums import supported
from ..transport import Identity
from ._data import load
from ._events import Events
from ._options import Coordinator, Data, Json, Target, Timeout, Tls, typer

MODELS = {kind.__name__: kind for kind in supported()}


def command(
    tls: Tls,
    coordinator: Coordinator,
    data: Data,
    target: Target = None,
    model: Annotated[str, typer.Option(help=f"One of {', '.join(MODELS)}.")] = "LogisticRegression",
    param: Annotated[
        list[str] | None, typer.Option(help="A parameter of the model, such as C=0.1.")
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(help="A class label that all sites agree on; give every one."),
    ] = None,
    secure_aggregation: Annotated[
        bool, typer.Option(help="Whether the coordinator sees totals only.")
    ] = True,
    output: Annotated[
        Path | None, typer.Option(help="Where to write the model, as JSON.", dir_okay=False)
    ] = None,
    timeout: Timeout = 300.0,
    as_json: Json = False,
) -> None:
    """Fit a model with all other sites; only sums over the rows leave this site."""
    events = Events(as_json)
    with events.explained(), events.rounds():
        wrapper = FederatedWrapper(
            _model(model, param or ()),
            secure_aggregation=secure_aggregation,
            classes=[_literal(text) for text in label or ()] or None,
            site=Identity.load(tls).name,
            coordinator=coordinator,
            tls=tls,
            timeout=timeout,
        )
        wrapper.fit(*load(data, target))
        for finding in privacy_report(wrapper).findings:
            events.say(finding.level, finding.message, code=finding.code)
        if output is not None:
            write_private(output, json.dumps(described(wrapper), indent=1).encode(), overwrite=True)
        text = (
            f"{model} fitted on {sum(wrapper.sites_.values())} rows of {len(wrapper.sites_)} sites"
        )
        events.say(
            "done",
            text + ("" if output is None else f": {output}"),
            sites=wrapper.sites_,
            rounds=wrapper.n_rounds_,
            octets=sum(wrapper.bytes_),
        )


command.__name__ = "site"


def described(wrapper: FederatedWrapper) -> dict[str, Any]:
    """Return a fitted model as JSON-ready numbers, and what its fit promises."""
    fitted = wrapper.estimator_
    attributes = {
        name: _plain(value)
        for name, value in vars(fitted).items()
        if name.endswith("_") and not name.startswith("_")
    }
    return {
        "model": type(fitted).__name__,
        "parameters": {name: _plain(value) for name, value in fitted.get_params().items()},
        "attributes": attributes,
        "privacy_statement": wrapper.privacy_statement_.to_dict(),
    }


def _model(name, params):
    if name not in MODELS:
        raise InvalidParameterError(f"--model must be one of {', '.join(MODELS)}. Got {name!r}.")
    pairs = [text.partition("=") for text in params]
    known = MODELS[name]().get_params()
    for key, _, value in pairs:
        if key not in known or not value:
            raise InvalidParameterError(
                f"--param must be NAME=VALUE, where {name} has the parameter: "
                f"{', '.join(known)}. Got {key!r}."
            )
    return MODELS[name](**{key: _literal(value) for key, _, value in pairs})


def _literal(text):
    """Return what a word of the command line stands for: a number, a name or other literal."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _plain(value):
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value if isinstance(value, int | float | str | bool | type(None)) else repr(value)
