"""What a coalition sees: inputs with equal totals cannot be told apart, and planted faults show.

Everything a coalition of the threshold sees of the others, less what it can compute itself, must
have the same law for both inputs: uniform, but for the total. The masks that it shares with the
others are its own, so they are taken off first.
"""

from functools import reduce
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from sklearn_private.sums import Masked, Rows, Shared, Sites, statistic
from sklearn_private.sums.aggregators import _ring

N, SIZE = 5, 512


@statistic(bound=lambda limits: (1.0, 1.0), unit=lambda scale: (1.0, 1.0), opens="counts", bits=40)
def seen(rows):
    """Return two long vectors of one number of the site."""
    return np.full(SIZE, rows.X[0, 0]), np.full(SIZE, rows.X[0, 0] / 2)


def sites(values):
    return [Rows(np.array([[value]]), np.zeros(1), np.ones(1)) for value in values]


ONE, OTHER = (0.5, 0.25, 0.125, 0.75, 0.375), (0.125, 0.25, 0.75, 0.5, 0.375)  # equal totals


class SeedTwice(Masked):
    """The number of the sum does not enter: two sums have the same masks."""

    def hide(self, words, question):
        for site in self._sites:
            site._n_masks = 0
        return super().hide(words, b"")


class OneOutputBare(Masked):
    """The second output has no mask."""

    def hide(self, words, question):
        hidden = super().hide(words, question)
        for masked, bare in zip(hidden, words, strict=True):
            masked[:, SIZE:] = bare[:, SIZE:]
        return hidden


class MaskToTheWrongSite(Masked):
    """A site leaves out the masks of all but one neighbour, who may be in the coalition."""

    def hide(self, words, question):
        for site in self._sites if words[0].shape[1] == 2 * SIZE else ():
            keep = min(site._secrets)
            site._secrets = {keep: site._secrets[keep]}
        return super().hide(words, question)


def view(kind, values, coalition):
    """Return what a coalition sees of two sums of each other site, its own masks taken off."""
    aggregator = kind(Sites(sites(values)))
    aggregator._agreed_scale()
    rounds = []
    for _ in range(2):
        before = [site._n_masks for site in aggregator._sites]
        vectors = [v for (v,) in aggregator.addends(seen)]
        others = [i for i in range(N) if i not in coalition]
        rounds.append([without(aggregator, vectors[i], i, coalition, before[i]) for i in others])
    return rounds


def without(aggregator, vector, at, coalition, number):
    """Return a vector less the masks that its site shares with a coalition."""
    site, keys = aggregator._sites[at], [s.public_key for s in aggregator._sites]
    everything, after = site._secrets, site._n_masks
    site._secrets = {keys[i]: everything[keys[i]] for i in coalition if keys[i] in everything}
    site._n_masks = 0 if isinstance(aggregator, SeedTwice) else number
    question = b"" if isinstance(aggregator, SeedTwice) else _question(aggregator)
    known = site.next_mask(vector.shape[1], question, len(vector)) if site._secrets else None
    site._secrets, site._n_masks = everything, after
    return vector if known is None else _ring.add(vector, _ring.negate(known))


def _question(aggregator):
    from sklearn_private.sums.aggregators._network import digest_of, question_of

    return digest_of(question_of(seen, ((SIZE,), (SIZE,))))


def looks_uniform(rounds):
    """Return whether all that is seen is uniform, but for the total of all others."""
    pieces = []
    for vectors in rounds:
        for vector in vectors[:-1]:  # any but one of the others
            pieces += [vector[:, :SIZE], vector[:, SIZE:]]
    first, second = (reduce(_ring.add, vectors[:-1]) for vectors in rounds)
    pieces.append(_ring.add(first, _ring.negate(second)))  # nothing is used twice
    counts = [np.bincount(np.frombuffer(p.tobytes(), np.uint8), minlength=256) for p in pieces]
    return all(stats.chisquare(count).pvalue > 1e-9 for count in counts)


COALITIONS = [c for size in (0, 1, 2, 3) for c in combinations(range(N), size)]


@pytest.mark.parametrize("kind", [Masked, Shared])
@pytest.mark.parametrize("values", [ONE, OTHER], ids=["one", "other"])
def test_every_allowed_coalition_sees_the_total_of_the_others_and_noise(kind, values):
    for coalition in COALITIONS:
        assert looks_uniform(view(kind, values, coalition)), coalition


@pytest.mark.parametrize("kind", [SeedTwice, OneOutputBare, MaskToTheWrongSite])
def test_planted_faults_show_to_some_coalition(kind):
    assert not all(looks_uniform(view(kind, ONE, coalition)) for coalition in COALITIONS)


@pytest.mark.parametrize("kind", [Masked, Shared])
def test_totals_of_the_others_are_equal_for_equal_totals(kind):
    one, other = (kind(Sites(sites(values))).sum(seen) for values in (ONE, OTHER))
    assert all((a == b).all() for a, b in zip(one, other, strict=True))
