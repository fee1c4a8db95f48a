"""Real sites in processes of their own, over TLS on loopback, and ways to break them.

A fork server that has imported everything starts a process in milliseconds. Each process runs a
function of this file and sends back what it returned, or the error that it raised.
"""

import multiprocessing
import os
import signal
import socket
import sys
import time
from dataclasses import dataclass
from functools import cache
from multiprocessing import forkserver
from multiprocessing.connection import wait

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from sklearn_private.federated import FederatedWrapper
from sklearn_private.mpc import MPCFitter
from sklearn_private.sums import ADDERS
from sklearn_private.sums.aggregators import _ring
from sklearn_private.transport import Identity, Relay, coordinate, make_certificates
from sklearn_private.transport._link import Link

PROCESSES = multiprocessing.get_context("forkserver")
KILLED = "killed"


@cache
def start_server():
    """Start the process that all others are forked from; it finds this file by its path."""
    PROCESSES.set_forkserver_preload(["real_sites"])
    here, before = os.path.dirname(__file__), os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join([here, *sys.path])
    try:
        forkserver.ensure_running()
    finally:
        os.environ["PYTHONPATH"] = before
    first = PROCESSES.Process(target=int)  # it waits until everything is imported
    first.start()
    first.join()


def free_addresses(n):
    """Return addresses of loopback that nobody listens at."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    addresses = [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    return addresses


@dataclass
class Outcome:
    """What became of one process: a value, an error or a kill; when; and what it opened."""

    value: object
    seconds: float
    n_opened: int = 0


def run(tasks, patience=60.0, stuck=()):
    """Run functions in processes, by name, and return what became of each.

    Parameters
    ----------
    tasks : dict of str to tuple
        A function of a module and its arguments.
    patience : float
        Seconds after which a process that is still there is killed, and the test fails.
    stuck : sequence of str
        Which processes are not waited for.
    """
    start_server()
    start, outcomes, processes, ends = time.monotonic(), {}, {}, {}
    for name, (function, *arguments) in tasks.items():
        ours, theirs = PROCESSES.Pipe(duplex=False)
        processes[name] = PROCESSES.Process(target=_report, args=(theirs, function, arguments))
        processes[name].start()
        theirs.close()
        ends[ours] = name
    while set(ends.values()) - set(stuck) and (
        ready := wait(list(ends), patience - (time.monotonic() - start))
    ):
        for end in ready:
            name = ends.pop(end)
            try:
                value, n_opened = end.recv()
            except EOFError:
                value, n_opened = KILLED, 0
            outcomes[name] = Outcome(value, time.monotonic() - start, n_opened)
            end.close()
        if time.monotonic() > start + patience:
            break
    left = set(ends.values()) - set(stuck)
    for name, process in processes.items():
        process.join(0 if left or name in stuck else 5)
        if process.is_alive():
            process.kill()
            process.join()
        process.close()
    for end in ends:
        end.close()
    assert not left, f"still running after {patience} s: {sorted(left)}"
    return outcomes


def _report(end, function, arguments):
    opened, decode = [], _ring.decode
    _ring.decode = lambda words: opened.append(1) or decode(words)
    try:
        value = function(*arguments)
    except BaseException as error:
        value = error
    end.send((value, len(opened)))
    end.close()


def coordinator(folder, address, timeout, breaks=None):
    """Carry one run."""
    if breaks is not None:
        breaks.install(Relay)
    identity = Identity.load(folder)
    return coordinate(identity, address, adders=ADDERS, timeout=timeout, wait=timeout)


def federated(parameters, X, y, breaks=None):
    """Fit at one real site, and return the fitted estimator and the wrapper's facts."""
    if breaks is not None:
        breaks.install(Link)
    start = time.process_time()
    wrapper = FederatedWrapper(**parameters).fit(X, y)
    seconds = time.process_time() - start
    return wrapper.estimator_, wrapper.sites_, wrapper.privacy_statement_, seconds


def cross_validated(parameters, X, y):
    """Return the scores of one real site's folds: every fold is a run of its own."""
    return cross_val_score(FederatedWrapper(**parameters), X, y, cv=3)


def multi_party(parameters, X, y, breaks=None):
    """Fit at one real party."""
    if breaks is not None:
        breaks.install(Link)
    start = time.process_time()
    fitter = MPCFitter(**parameters).fit(X, y)
    seconds = time.process_time() - start
    return fitter.estimator_, fitter.sites_, fitter.privacy_statement_, seconds


@dataclass
class Break:
    """Stop a process by a signal at one of its messages.

    Parameters
    ----------
    at : int
        Before which message, from 0.
    signal : int
        Which signal.
    halfway : bool
        Whether half of the message is sent before.
    """

    at: int
    signal: int = signal.SIGKILL
    halfway: bool = False

    def install(self, kind):
        """Break links at their messages, or a relay at its rounds."""
        name = "send" if kind is Link else "_forward"
        method, count = getattr(kind, name), iter(range(10_000))

        def broken(self_, *arguments):
            if next(count) == self.at:
                if self.halfway:
                    octets, deadline = arguments
                    method(self_, octets[: len(octets) // 2], deadline)
                os.kill(os.getpid(), self.signal)
            return method(self_, *arguments)

        setattr(kind, name, broken)


class Federation:
    """Three sites and a coordinator over one estimator and one table.

    Parameters
    ----------
    folder : path-like
        For certificates.
    estimator : estimator
        What is fitted.
    X, y : array-like
        All rows; every third one belongs to a site.
    **parameters : dict
        Of the wrapper at every site.
    """

    names = ("a", "b", "c")

    def __init__(self, folder, estimator, X, y, **parameters):
        self.folders = make_certificates(folder, self.names)
        self.estimator = estimator
        self.rows = {
            name: (X[i::3], None if y is None else y[i::3]) for i, name in enumerate(self.names)
        }
        self.parameters = {"secure_aggregation": True, "timeout": 20.0, **parameters}

    def together(self, X, y):
        """Return the wrapper that is fitted in this process."""
        groups = np.array(self.names)[np.arange(len(X)) % 3]
        parameters = {**self.parameters, "timeout": 300.0}
        return FederatedWrapper(clone(self.estimator), **parameters).fit(X, y, groups=groups)

    def run(self, breaks=None, changes=None, patience=60.0, stuck=()):
        """Run all processes, some of them broken or with other parameters."""
        breaks, changes = breaks or {}, changes or {}
        (address,) = free_addresses(1)
        timeout = self.parameters["timeout"]
        tasks = {
            "coordinator": (
                coordinator, self.folders["coordinator"], address, timeout,
                breaks.get("coordinator"),
            )
        }  # fmt: skip
        for name in self.names:
            own = {
                "estimator": self.estimator, "site": name, "coordinator": address,
                "tls": self.folders[name], **self.parameters, **changes.get(name, {}),
            }  # fmt: skip
            tasks[name] = (federated, own, *self.rows[name], breaks.get(name))
        return run(tasks, patience, stuck)


def run_parties(folder, estimator, X, y, breaks=None, patience=60.0, **parameters):
    """Run three parties that connect to one another, some of them broken."""
    breaks, peers = breaks or {}, free_addresses(3)
    folders = make_certificates(folder, ["0", "1", "2"], coordinator=False)
    tasks = {}
    for party, (name, path) in enumerate(folders.items()):
        own = {"estimator": estimator, "party": party, "peers": peers, "tls": path, **parameters}
        tasks[name] = (multi_party, own, X[party::3], y[party::3], breaks.get(name))
    return run(tasks, patience)
