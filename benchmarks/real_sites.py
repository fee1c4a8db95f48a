"""Three real sites over TLS against the same fit in one process: CPU of all, bytes, and set-up.

Logistic regression on made-up rows, 10,000 x 50 and 100,000 x 50, by the three ways that have real
processes: masked and plain over a coordinator, and shares between three parties. The CPU is that of
every process inside `fit` (and of the coordinator from its first connection), one BLAS thread each,
best of seven rounds in turns. What a run costs whatever its rows (certificates, TLS, signatures) is
the CPU of the same run on 1,000 rows less that of one process, and is printed beside; importing
Python is not in it. Coefficients are compared bit by bit. POSIX; run with OMP_NUM_THREADS=1
OPENBLAS_NUM_THREADS=1.
"""

import multiprocessing
import socket
import tempfile
import time

import numpy as np
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import scale

from sklearn_private.federated import FederatedWrapper
from sklearn_private.mpc import MPCFitter
from sklearn_private.sums import ADDERS
from sklearn_private.transport import Identity, coordinate, make_certificates

N_ROUNDS, N_SITES = 7, 3
PROCESSES = multiprocessing.get_context("fork")  # everything is imported before
LABELS = {"classes": [0, 1]}


def free_addresses(n):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    addresses = [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    return addresses


def fitted(model, X, y):
    """Fit, and return the coefficients, the bytes sent and the CPU seconds."""
    start = time.process_time()
    model.fit(X, y)
    return model.coef_, sum(model.bytes_), time.process_time() - start


def relayed(folder, address):
    identity, start = Identity.load(folder), time.process_time()
    coordinate(identity, address, adders=ADDERS, timeout=60, wait=60)
    return None, 0, time.process_time() - start


def answer(end, function, arguments):
    end.send(function(*arguments))


def in_processes(tasks):
    """Run tasks in processes, and return what they return and the seconds that all took."""
    start, ends = time.perf_counter(), []
    for function, *arguments in tasks:
        ours, theirs = PROCESSES.Pipe(duplex=False)
        PROCESSES.Process(target=answer, args=(theirs, function, arguments)).start()
        ends.append(ours)
    return [end.recv() for end in ends], time.perf_counter() - start


def sites(X, y, secure):
    (address,), names = free_addresses(1), [f"site{i}" for i in range(N_SITES)]
    folders = make_certificates(tempfile.mkdtemp(), names)
    model = {"secure_aggregation": secure, "coordinator": address, **LABELS}
    tasks = [(relayed, folders["coordinator"], address)]
    for i, name in enumerate(names):
        own = FederatedWrapper(LogisticRegression(), site=name, tls=folders[name], **model)
        tasks.append((fitted, own, X[i::N_SITES], y[i::N_SITES]))
    return tasks


def parties(X, y):
    peers, names = free_addresses(N_SITES), [str(i) for i in range(N_SITES)]
    folders = make_certificates(tempfile.mkdtemp(), names, coordinator=False)
    return [
        (
            fitted,
            MPCFitter(LogisticRegression(), party=i, peers=peers, tls=folders[name], **LABELS),
            X[i::N_SITES],
            y[i::N_SITES],
        )
        for i, name in enumerate(names)
    ]


def together(model, X, y):
    start = time.process_time()
    model.fit(X, y, groups=np.arange(len(y)) % N_SITES)
    return model.coef_, time.process_time() - start


def measure(n_rows):
    """Return, for each way, the best CPU together and apart, wall seconds, bytes and equality."""
    X, y = make_classification(n_rows, 50, n_informative=20, random_state=0)
    X = scale(X)
    ways = {
        "masked": (
            lambda: sites(X, y, True),
            FederatedWrapper(LogisticRegression(), secure_aggregation=True, **LABELS),
        ),
        "plain": (lambda: sites(X, y, False), FederatedWrapper(LogisticRegression(), **LABELS)),
        "shared": (lambda: parties(X, y), MPCFitter(LogisticRegression(), **LABELS)),
    }
    runs = {name: [] for name in ways}
    for _ in range(N_ROUNDS):
        for name, (make, model) in ways.items():
            coef, one = together(model, X, y)
            found, wall = in_processes(make())
            same = all(np.array_equal(c, coef) for c, _, _ in found if c is not None)
            runs[name].append((one, sum(cpu for _, _, cpu in found), wall, found[-1][1], same))
    return {
        name: (*np.min([run[:4] for run in several], axis=0), all(run[4] for run in several))
        for name, several in runs.items()
    }


if __name__ == "__main__":
    set_up = {name: apart - one for name, (one, apart, *_) in measure(1_000).items()}
    for n_rows in (10_000, 100_000):
        print(f"{n_rows:,} x 50, {N_SITES} sites; CPU of all processes")
        for name, (one, apart, wall, n_bytes, same) in measure(n_rows).items():
            less = (apart - set_up[name]) / one
            print(
                f"  {name:<7} one process {1e3 * one:5.0f} ms   apart {apart / one:5.2f} x, "
                f"less set-up of {1e3 * set_up[name]:.0f} ms {less:5.2f} x   "
                f"wall {1e3 * wall:.0f} ms   a site sent {n_bytes / 1e3:.0f} kB   bit-equal: {same}"
            )
