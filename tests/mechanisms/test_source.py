import copy
import os
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest

from sklearn_private.exceptions import InvalidParameterError
from sklearn_private.mechanisms import (
    SecureSource,
    _source,
    discrete_gaussian,
    is_secure,
    noise_source,
)

# Two children, a child of the first one and the parent report what they draw after the forks.
FORKS = """
import os, sys
from sklearn_private.mechanisms import noise_source

source = noise_source()
source.bytes(5)
read, write = os.pipe()

def report():
    os.write(write, source.bytes(16))

def in_child(work):
    pid = os.fork()
    if pid == 0:
        work()
        os._exit(0)
    os.waitpid(pid, 0)

def with_grandchild():
    report()
    in_child(report)

in_child(with_grandchild)
in_child(report)
report()
sys.stdout.write(os.read(read, 64).hex())
"""

COUNT = """
import os
from sklearn_private.mechanisms import _source

pid = os.fork()
if pid == 0:
    os._exit(_source._n_forks)
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(status, _source._n_forks, end="")
"""


def chunks(text, size):
    return [text[i : i + size] for i in range(0, len(text), size)]


def test_stream_is_aes_256_in_counter_mode(monkeypatch):
    monkeypatch.setattr(_source.os, "urandom", bytes)
    # AES-256 of the all-zero block under the all-zero key.
    assert SecureSource().bytes(16).hex() == "dc95c078a2408989ad48a21492842087"


def test_stream_continues_from_call_to_call(monkeypatch):
    monkeypatch.setattr(_source.os, "urandom", bytes)
    whole, parts = SecureSource(), SecureSource()
    assert parts.bytes(3) + parts.bytes(0) + parts.bytes(61) == whole.bytes(64)


def test_two_secure_sources_differ():
    assert noise_source().bytes(32) != noise_source().bytes(32)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
def test_no_process_of_a_family_repeats_another():
    run = subprocess.run(
        [sys.executable, "-c", FORKS], capture_output=True, text=True, check=True, timeout=60
    )
    assert len(run.stdout) == 128
    assert len(set(chunks(run.stdout, 32))) == 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")
def test_a_fork_is_counted_in_the_child_alone():
    run = subprocess.run([sys.executable, "-c", COUNT], check=True, timeout=60, capture_output=True)
    assert run.stdout == b"1 0"


def test_a_fork_is_noticed_even_if_the_process_id_comes_back(monkeypatch):
    keys = []
    monkeypatch.setattr(_source.os, "urandom", lambda n: keys.append(n) or bytes(n))
    source = SecureSource()
    source.bytes(16)
    assert len(keys) == 1
    monkeypatch.setattr(_source, "_n_forks", _source._n_forks + 1)
    source.bytes(16)
    assert len(keys) == 2


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda source: pickle.loads(pickle.dumps(source))]
)
def test_a_copy_has_a_key_of_its_own(duplicate):
    source = SecureSource()
    twin = duplicate(source)
    assert is_secure(twin)
    assert twin.bytes(32) != source.bytes(32)


def test_key_is_replaced_when_it_is_used_up(monkeypatch):
    keys = []
    monkeypatch.setattr(_source, "BYTES_PER_KEY", 64)
    monkeypatch.setattr(_source.os, "urandom", lambda n: keys.append(n) or bytes(n))
    source = SecureSource()
    for _ in range(12):
        source.bytes(16)
    assert keys == [32] * 3


def test_threads_never_read_the_same_bytes():
    source, blocks = SecureSource(), []
    threads = [
        threading.Thread(target=lambda: blocks.extend(source.bytes(16) for _ in range(500)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(blocks)) == 2000


@pytest.mark.parametrize("seed", [0, np.int64(7), 2**70])
def test_a_seed_repeats_the_noise(seed):
    first, second = (discrete_gaussian(10, 50, noise_source(seed)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert not is_secure(noise_source(seed))


def test_a_generator_and_a_secure_source_are_used_as_they_are():
    generator, source = np.random.default_rng(0), SecureSource()
    assert noise_source(generator) is generator
    assert noise_source(source) is source


def test_a_random_state_gives_another_generator_each_time():
    state = np.random.RandomState(0)
    first, second = noise_source(state), noise_source(state)
    again = noise_source(np.random.RandomState(0))
    draws = first.bytes(16)
    assert draws == again.bytes(16)
    assert draws != second.bytes(16)


@pytest.mark.parametrize("random_state", [True, -1, 1.5, "0", np.random, b"seed"])
def test_rejects_what_is_no_random_state(random_state):
    with pytest.raises(
        InvalidParameterError, match=r"The 'random_state' parameter of noise_source must be .* Got"
    ):
        noise_source(random_state)
