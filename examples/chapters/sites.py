"""Three banks in processes of their own: a fit over TLS that no row leaves home for."""

import contextlib
import socket
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
from sklearn.linear_model import LogisticRegression

from sklearn_private import DomainEncoder, FederatedWrapper, MPCFitter
from sklearn_private.sums import ADDERS
from sklearn_private.transport import Identity, coordinate, make_certificates

from .loans import DOMAIN, applicants

BANKS = ("a", "b", "c")
NUMBERS = {name: range_ for name, range_ in DOMAIN.items() if isinstance(range_, tuple)}
MODEL = LogisticRegression(C=10, solver="newton-cholesky")


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
    console.heading("Three banks, three processes: rows stay at home")
    console.text(
        "Each bank runs the program itself, over mutual TLS 1.3 on this machine, and takes no "
        "parameters from anyone:\n"
        '  model = FederatedWrapper(model, site="a", coordinator="host:port", tls=folder)\n'
        "  model.fit(X_mine, y_mine)\n"
        "Only numbers here: of a category that few people have, the sums are those few people, and "
        "a bank refuses."
    )
    X, y = applicants()
    X = DomainEncoder(NUMBERS).fit_transform(X)
    bank = np.arange(len(y)) % len(BANKS)
    rows = {name: (X[bank == i], y[bank == i]) for i, name in enumerate(BANKS)}
    federated = FederatedWrapper(MODEL, secure_aggregation=True, classes=[0, 1])
    parties = MPCFitter(MODEL, classes=[0, 1])
    lines = [
        _compare("federated, with masks", federated, _federate(rows), (X, y, bank)),
        _compare("multi-party, with shares", parties, _mesh(rows), (X, y, bank)),
    ]
    console.table(
        ("fit of three banks", "same bits", "rounds", "kB a bank", "CPU over one process"), lines
    )
    console.text(
        "The bits are those of one process that holds all rows. CPU of all processes, their start "
        "left out,\nover that of the same fit in one process; the coordinator read masked vectors "
        "and saw no bank's sums."
    )


def _federate(rows):
    """Run a coordinator and a process for each bank; return what each bank ended with."""
    with tempfile.TemporaryDirectory() as folder, _processes(4) as pool:
        tls = make_certificates(folder, BANKS)
        address = _free_addresses(1)[0]
        pool.submit(_coordinate, tls["coordinator"], address)
        banks = [pool.submit(_bank, name, tls[name], address, *rows[name]) for name in BANKS]
        return [bank.result() for bank in banks]


def _mesh(rows):
    """Run a process for each bank, each linked with all others; nobody coordinates."""
    with tempfile.TemporaryDirectory() as folder, _processes(3) as pool:
        parties = [str(i) for i in range(len(BANKS))]
        tls = make_certificates(folder, parties, coordinator=False)
        peers = _free_addresses(len(BANKS))
        banks = [
            pool.submit(_party, int(i), peers, tls[i], *rows[name])
            for i, name in zip(parties, BANKS, strict=True)
        ]
        return [bank.result() for bank in banks]


def _processes(n):
    return ProcessPoolExecutor(n, mp_context=get_context("spawn"))


def _free_addresses(n):
    """Return addresses of this machine that nobody listens at."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(n)]
        return [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]


def _coordinate(tls, address):
    """Carry one run between the banks: what a coordinator's process does."""
    coordinate(Identity.load(tls), address, adders=ADDERS, timeout=60, wait=60)


def _bank(name, tls, address, X, y):
    """Fit at one bank, from its own rows."""
    model = FederatedWrapper(
        MODEL, secure_aggregation=True, classes=[0, 1], site=name, coordinator=address, tls=tls
    )
    return _fit(model, X, y)


def _party(party, peers, tls, X, y):
    return _fit(MPCFitter(MODEL, classes=[0, 1], party=party, peers=peers, tls=tls), X, y)


def _fit(model, X, y, **groups):
    """Return the fitted model and the CPU seconds of this process that the fit took."""
    start = time.process_time()
    return model.fit(X, y, **groups), time.process_time() - start


def _compare(what, model, banks, pooled):
    X, y, bank = pooled
    together, seconds = _fit(model, X, y, groups=bank)
    fitted = [one.estimator_ for one, _ in banks]
    same = all((one.coef_ == together.coef_).all() for one in fitted)
    sent = sum(banks[0][0].bytes_) / 1000
    ratio = sum(used for _, used in banks) / seconds
    rounds = banks[0][0].n_rounds_
    return what, "yes" if same else "no", f"{rounds}", f"{sent:.0f}", f"{ratio:.1f} x"
