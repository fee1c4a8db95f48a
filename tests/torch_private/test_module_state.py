"""What a module keeps of its rows would be released without noise: it is found, and refused."""

import pytest

torch = pytest.importorskip("torch")

from torch import nn
from torch.nn import functional as F

from sklearn_private.exceptions import GuaranteeError


class Keeps(nn.Module):
    """A module of rows, and of labels where it gets them; `keep(self, x, y)` keeps something."""

    def __init__(self, keep, **kept):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 2))
        self.frozen = nn.Parameter(torch.zeros(5), requires_grad=False)
        self.register_buffer("seen", torch.zeros(5))
        self.keep = keep
        for name, value in kept.items():
            setattr(self, name, value)

    def forward(self, x, y=None):
        self.keep(self, x.detach(), y)
        return self.layers(x)


def in_a_frozen_parameter(self, x, y):
    self.frozen.copy_(x.mean(0))


def behind_a_frozen_parameter(self, x, y):
    self.frozen.data = x.mean(0)


def behind_a_trained_parameter(self, x, y):
    self.layers[0].weight.data[0] = x.mean(0)


def in_an_attribute(self, x, y):
    self.last = x.mean(0)


def in_a_list(self, x, y):
    self.history.append(x.mean(0))


def in_a_dictionary(self, x, y):
    self.stats["mean"] = x.mean(0)


def as_a_number(self, x, y):
    self.number = float(x.mean())


def as_an_array(self, x, y):
    self.array = x.mean(0).numpy()


class Holder:
    value = None


def in_an_object(self, x, y):
    self.holder.value = x.mean(0)


def all_rows(self, x, y):
    self.last = x


UNCHECKED_BY_LABELS = [
    in_a_frozen_parameter,
    behind_a_frozen_parameter,
    behind_a_trained_parameter,
    in_an_attribute,
    in_a_list,
    in_a_dictionary,
    as_a_number,
    as_an_array,
    in_an_object,
    all_rows,
]


def module_of(keep):
    return Keeps(keep, history=[], stats={}, holder=Holder())


@pytest.mark.parametrize("keep", UNCHECKED_BY_LABELS, ids=lambda keep: keep.__name__)
def test_what_is_kept_of_rows_is_refused_before_anything_is_paid(loops, keep):
    module = module_of(keep)
    before = {k: v.clone() for k, v in module.state_dict().items()}
    names = set(vars(module))
    with pytest.raises(GuaranteeError, match="keeps.*without noise.*Nothing was released"):
        loops.make(module)
    assert all(torch.equal(v, before[k]) for k, v in module.state_dict().items())
    assert set(vars(module)) == names
    assert (module.history, module.stats, module.holder.value) == ([], {}, None)


def by_label(keep):
    def kept(self, x, y):
        if y is not None:
            keep(self, x[y == 1], y)

    return kept


@pytest.mark.parametrize("keep", UNCHECKED_BY_LABELS, ids=lambda keep: keep.__name__)
def test_what_is_kept_where_the_loop_gives_labels_is_refused(loops, keep):
    module, optimizer, loader = private = loops.make(module_of(by_label(keep)))
    with pytest.raises(GuaranteeError, match="keeps.*without noise.*Nothing was released"):
        for x, y in loader:
            optimizer.zero_grad()
            F.cross_entropy(module(x, y), y).backward()
            optimizer.step()
    assert private.n_steps == 0


def the_loop_writes_a_buffer(module, x):
    module.seen.copy_(x.mean(0))


def the_loop_sets_an_attribute(module, x):
    module.last = x.mean(0)


def the_loop_writes_behind_a_parameter(module, x):
    module.frozen.data.copy_(x.mean(0))


def the_loop_keeps_the_batch(module, x):
    module.last = x


@pytest.mark.parametrize(
    "write",
    [
        the_loop_writes_a_buffer,
        the_loop_sets_an_attribute,
        the_loop_writes_behind_a_parameter,
        the_loop_keeps_the_batch,
    ],
    ids=lambda write: write.__name__,
)
def test_what_the_loop_writes_into_the_module_is_refused(loops, write):
    module, optimizer, loader = loops.make(module_of(lambda self, x, y: None))
    with pytest.raises(GuaranteeError, match="keeps.*without noise.*Nothing was released"):
        for x, y in loader:
            optimizer.zero_grad()
            write(module, x)
            F.cross_entropy(module(x), y).backward()
            optimizer.step()


def counts_calls(self, x, y):
    self.n_calls += 1
    self.seen[0] += 1


def caches_a_mask(self, x, y):
    if not hasattr(self, "mask"):
        self.mask = torch.ones(x.shape[1], x.shape[1]).tril()


def remembers_a_shape(self, x, y):
    self.width = x.shape[1]


@pytest.mark.parametrize("keep", [counts_calls, caches_a_mask, remembers_a_shape])
def test_what_does_not_depend_on_rows_may_be_kept(loops, keep):
    private = loops.train(loops.make(Keeps(keep, n_calls=0)), epochs=2)
    assert private.n_steps == 8
    if keep is counts_calls:  # Watching leaves no trace.
        assert private.module.n_calls == private.module.seen[0] == 8
