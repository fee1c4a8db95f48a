"""Training loops as people write them: those that let each row alone, and those that do not.

Each is a body, ``body(module, x, y)``, that goes backward for one batch; `module` makes what it
trains, `data` the rows. A body that draws random numbers is `random`: the oracle cannot repeat it
on other rows.
"""

from dataclasses import dataclass, field

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn
from torch.nn import functional as F

N_ROWS = 48


def mlp(n_in=5, n_out=2, *middle):
    return nn.Sequential(nn.Linear(n_in, 8), *(middle or (nn.Tanh(),)), nn.Linear(8, n_out))


def _generator():
    return torch.Generator().manual_seed(0)


def table(n_classes=2):
    x = torch.randn(N_ROWS, 5, generator=_generator())
    return x, (x[:, 0] > 0).long() * (n_classes - 1)


def numbers():
    x, _ = table()
    return x, x[:, 1] * 2


def images():
    x = torch.randn(N_ROWS, 1, 6, 6, generator=_generator())
    return x, (x.mean((1, 2, 3)) > 0).long()


def words():
    x = torch.randint(1, 9, (N_ROWS, 4), generator=_generator())
    return x, x % 3 % 2


def sentences():
    x = torch.randint(1, 9, (N_ROWS, 6), generator=_generator())
    x[::3, 4:] = 0
    return x, (x[:, 0] > 4).long()


def ignored():
    x, y = table()
    return x, torch.where(torch.arange(N_ROWS) % 11 == 3, -100, y)


@dataclass
class Loop:
    """One loop of the table."""

    body: object
    module: object = mlp
    data: object = table
    random: bool = False
    options: dict = field(default_factory=dict)
    forward: object = None  # from rows to the module's input, where that is not the batch

    @property
    def call(self):
        if self.forward is None:
            return {}
        return {"forward": lambda module, batch: module(self.forward(batch[0]))}

    @property
    def name(self):
        return self.body.__name__


RIGHT, WRONG = [], []


def right(body=None, **settings):
    if body is None:
        return lambda body: right(body, **settings)
    RIGHT.append(Loop(body, **settings))
    return body


def wrong(body=None, **settings):
    if body is None:
        return lambda body: wrong(body, **settings)
    WRONG.append(Loop(body, **settings))
    return body


# Losses.


@right
def cross_entropy(module, x, y):
    F.cross_entropy(module(x), y).backward()


@right
def label_smoothing(module, x, y):
    F.cross_entropy(module(x), y, label_smoothing=0.1).backward()


@right
def constant_class_weights(module, x, y):
    weights = torch.tensor([1.0, 3.0])
    (F.cross_entropy(module(x), y, reduction="none") * weights[y]).mean().backward()


@right
def focal_loss(module, x, y):
    loss = F.cross_entropy(module(x), y, reduction="none")
    ((1 - torch.exp(-loss)) ** 2 * loss).mean().backward()


@right(data=numbers)
def mean_squared_error(module, x, y):
    F.mse_loss(module(x)[:, 0], y).backward()


@right(data=numbers)
def huber_loss(module, x, y):
    F.smooth_l1_loss(module(x)[:, 0], y).backward()


@right(data=numbers)
def quantile_loss(module, x, y):
    error = y - module(x)[:, 0]
    torch.maximum(0.9 * error, -0.1 * error).mean().backward()


@right(data=numbers)
def gaussian_likelihood(module, x, y):
    mean, scale = module(x).unbind(1)
    nn.GaussianNLLLoss()(mean, y, F.softplus(scale) + 0.1).backward()


@right
def hinge_loss(module, x, y):
    F.multi_margin_loss(module(x), y).backward()


@right
def binary_cross_entropy(module, x, y):
    F.binary_cross_entropy_with_logits(module(x)[:, 0], y.float()).backward()


@right
def several_labels(module, x, y):
    F.multilabel_soft_margin_loss(module(x), F.one_hot(y, 2).float()).backward()


@right
def soft_targets(module, x, y):
    targets = torch.full((len(x), 2), 0.1).scatter_(1, y[:, None], 0.9)
    (-(targets * module(x).log_softmax(1)).sum(1)).mean().backward()


@right
def sum_over_length(module, x, y):
    (F.cross_entropy(module(x), y, reduction="sum") / len(x)).backward()


@right(options={"loss_reduction": "sum"})
def declared_sum(module, x, y):
    F.cross_entropy(module(x), y, reduction="sum").backward()


@right(options={"loss_reduction": "sum"})
def vector_of_losses(module, x, y):
    losses = F.cross_entropy(module(x), y, reduction="none")
    losses.backward(torch.ones_like(losses))


@right
def vector_over_length(module, x, y):
    losses = F.cross_entropy(module(x), y, reduction="none")
    losses.backward(torch.ones(len(x)) / len(x))


@right
def two_terms(module, x, y):
    out = module(x)
    loss = F.cross_entropy(out, y)
    loss = loss + 0.01 * out.square().mean()
    loss.backward()


@right
def distillation(module, x, y):
    with torch.no_grad():
        target = TEACHER(x).softmax(1)
    F.kl_div(module(x).log_softmax(1), target, reduction="batchmean").backward()


TEACHER = mlp().requires_grad_(False).eval()


@right
def own_target(module, x, y):
    with torch.no_grad():
        target = module(x).argmax(1)
    F.cross_entropy(module(x), target).backward()


@right
def gradient_scaled_off(module, x, y):
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    scaler.scale(F.cross_entropy(module(x), y)).backward()


# What is done to rows before the module.


@right
def row_norms(module, x, y):
    F.cross_entropy(module(x / x.norm(dim=1, keepdim=True).clamp(min=1)), y).backward()


@right
def public_scaling(module, x, y):
    mean, scale = torch.zeros(5), torch.full((5,), 2.0)
    F.cross_entropy(module((x - mean) / scale), y).backward()


@right
def layer_norm_in_the_loop(module, x, y):
    F.cross_entropy(module(F.layer_norm(x, (5,))), y).backward()


@right(random=True)
def input_noise(module, x, y):
    F.cross_entropy(module(x + 0.1 * torch.randn_like(x)), y).backward()


@right(random=True)
def random_mask(module, x, y):
    F.cross_entropy(module(x * (torch.rand(x.shape) > 0.1)), y).backward()


@right(random=True)
def random_sign(module, x, y):
    sign = torch.where(torch.rand(len(x), 1) < 0.5, -1.0, 1.0)
    F.cross_entropy(module(x * sign), y).backward()


@right(random=True)
def one_random_factor(module, x, y):
    F.cross_entropy(module(x * (0.5 + torch.rand(()))), y).backward()


@right(random=True)
def numpy_factor(module, x, y):
    F.cross_entropy(module(x * float(np.random.default_rng().beta(1, 1))), y).backward()


@right
def changed_in_place(module, x, y):
    x.mul_(0.5)
    x[:, 0] = 0
    F.cross_entropy(module(x), y).backward()


@right
def rows_one_by_one(module, x, y):
    F.cross_entropy(module(torch.stack([row * 2 for row in x])), y).backward()


@right(data=images, module=lambda: nn.Sequential(nn.Flatten(), *mlp(36)))
def flipped_images(module, x, y):
    F.cross_entropy(module(torch.where(x[:, :, :1, :1] > 0, x.flip(-1), x)), y).backward()


@right(data=images, module=lambda: mlp(36), forward=lambda x: x.flatten(1))
def reshaped(module, x, y):
    F.cross_entropy(module(x.view(len(x), -1)), y).backward()


@right(data=images, module=lambda: mlp(36), forward=lambda x: x.flatten(1))
def reshaped_by_shape(module, x, y):
    n, *rest = x.shape
    F.cross_entropy(module(x.reshape(n, rest[0] * rest[1] * rest[2])), y).backward()


@right
def one_hot_input(module, x, y):
    F.cross_entropy(module(torch.cat([x[:, :3], F.one_hot(y, 2)], dim=1).float()), y).backward()


@right
def another_dtype(module, x, y):
    F.cross_entropy(module(x.double().to(torch.float32)), y.to(torch.int32).long()).backward()


@right
def adversarial_inputs(module, x, y):
    x.requires_grad_()
    loss = F.cross_entropy(module(x), y, reduction="sum")
    (gradient,) = torch.autograd.grad(loss, x)
    F.cross_entropy(module((x + 0.1 * gradient.sign()).detach()), y).backward()


# Modules.


@right(module=lambda: mlp(5, 2, nn.Dropout(0.5)), random=True)
def dropout(module, x, y):
    F.cross_entropy(module(x), y).backward()


@right(module=lambda: mlp(5, 2, nn.GroupNorm(2, 8), nn.PReLU()))
def group_norm(module, x, y):
    F.cross_entropy(module(x), y).backward()


@right(module=lambda: mlp().double(), forward=lambda x: x.double())
def double_precision(module, x, y):
    F.cross_entropy(module(x.double()), y).backward()


@right(
    data=images,
    module=lambda: nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(108, 2)
    ),
)
def convolution(module, x, y):
    F.cross_entropy(module(x), y).backward()


def _embedded(*layers):
    return nn.Sequential(nn.Embedding(9, 6, padding_idx=0), *layers)


@right(data=sentences, module=lambda: _embedded(nn.Flatten(), nn.Linear(36, 2)))
def embedding(module, x, y):
    F.cross_entropy(module(x), y).backward()


@right(
    data=sentences,
    module=lambda: _embedded(nn.TransformerEncoderLayer(6, 2, 8, batch_first=True), nn.Flatten(),
                             nn.Linear(36, 2)),
    random=True,
)  # fmt: skip
def transformer(module, x, y):
    F.cross_entropy(module(x), y).backward()


class LastState(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.words, self.layer = nn.Embedding(9, 4), kind(4, 5, batch_first=True)
        self.head = nn.Linear(5, 2)

    def forward(self, x):
        return self.head(self.layer(self.words(x))[0][:, -1])


@right(data=sentences, module=lambda: LastState(nn.LSTM))
def long_short_term_memory(module, x, y):
    F.cross_entropy(module(x), y).backward()


@right(data=sentences, module=lambda: LastState(nn.GRU))
def gated_recurrent_unit(module, x, y):
    F.cross_entropy(module(x), y).backward()


class Coder(nn.Module):
    """A variational autoencoder."""

    def __init__(self):
        super().__init__()
        self.encode, self.decode = nn.Linear(5, 4), nn.Linear(2, 5)

    def forward(self, x):
        mean, log_variance = self.encode(x).chunk(2, dim=1)
        code = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
        return self.decode(code), mean, log_variance


def _divergence(mean, log_variance):
    return -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum(1)


@right(module=Coder, random=True)
def variational_autoencoder(module, x, y):
    rebuilt, mean, log_variance = module(x)
    error = (rebuilt - x).square().sum(1)
    (error + 0.5 * _divergence(mean, log_variance)).mean().backward()


@right(module=Coder, random=True)
def layers_called_one_by_one(module, x, y):
    mean, log_variance = module.encode(x).chunk(2, dim=1)
    code = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
    error = (module.decode(code) - x).square().sum(1)
    (error + _divergence(mean, log_variance)).mean().backward()


@right(module=lambda: mlp(5, 5))
def autoencoder(module, x, y):
    F.mse_loss(module(x), x).backward()


@right(module=lambda: mlp(2, 2), forward=lambda x: x[:, :2])
def two_views(module, x, y):
    first, second = module(x[:, :2]), module(x[:, 2:4])
    (F.cross_entropy(first, y) + (first - second).square().mean()).backward()


@right(module=lambda: mlp(2, 3), forward=lambda x: x[:, :2])
def triplet_in_a_row(module, x, y):
    parts = module(x[:, :2]), module(x[:, 1:3]), module(x[:, 3:5])
    F.triplet_margin_loss(*parts).backward()


@right(module=lambda: mlp(2, 3), forward=lambda x: x[:, :2])
def pair_in_a_row(module, x, y):
    F.cosine_embedding_loss(module(x[:, :2]), module(x[:, 2:4]), 2 * y - 1).backward()


@right
def two_halves(module, x, y):
    for part, labels in zip(x.chunk(2), y.chunk(2), strict=True):
        if len(part):
            F.cross_entropy(module(part), labels).backward()


@right(random=True)  # It rounds more coarsely than the oracle compares.
def half_precision(module, x, y):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = module(x)
    F.cross_entropy(out.float(), y).backward()


@right(data=lambda: (table()[0], torch.arange(N_ROWS) % 16), module=lambda: mlp(5, 16))
def as_many_class_weights_as_rows(module, x, y):
    (F.cross_entropy(module(x), y, reduction="none") * SIXTEEN[y]).mean().backward()


SIXTEEN = torch.linspace(0.5, 2.0, 16)


# Words.


@right(data=words, module=lambda: nn.Sequential(nn.Embedding(9, 6), nn.Linear(6, 2)))
def word_losses_flattened(module, x, y):
    F.cross_entropy(module(x).reshape(-1, 2), y.reshape(-1)).backward()


@right(data=words, module=lambda: nn.Sequential(nn.Embedding(9, 6), nn.Linear(6, 2)))
def word_losses_transposed(module, x, y):
    F.cross_entropy(module(x).transpose(1, 2), y).backward()


@right(data=sentences, module=lambda: nn.Sequential(nn.Embedding(9, 6), nn.Linear(6, 9)))
def next_word_of_each_sentence(module, x, y):
    losses = F.cross_entropy(module(x[:, :-1]).transpose(1, 2), x[:, 1:], reduction="none")
    mask = (x[:, 1:] != 0).float()
    ((losses * mask).sum(1) / mask.sum(1)).mean().backward()


@right(random=True)
def shuffled_together(module, x, y):
    order = torch.randperm(len(y))
    F.cross_entropy(module(x[order]), y[order]).backward()


@right(random=True)  # A row that is left out has no sum by itself, which the oracle asks for.
def some_rows_left_out(module, x, y):
    kept = x[:, 1] > -1
    F.cross_entropy(module(x[kept]), y[kept]).backward()


# Around the step.


@right
def logged_before_backward(module, x, y):
    loss = F.cross_entropy(module(x), y)
    LOG.append(loss.item())
    loss.backward()


@right
def accuracy_before_backward(module, x, y):
    out = module(x)
    LOG.append((out.argmax(1) == y).float().mean().item())
    LOG.append(f"{out.mean():.3f}")
    F.cross_entropy(out, y).backward()


@right
def predictions_to_numpy(module, x, y):
    out = module(x)
    LOG.append(out.argmax(1).numpy())
    F.cross_entropy(out, y).backward()


LOG = []


@right
def asserted(module, x, y):
    assert x.abs().max() < 100
    assert not torch.isnan(x).any()
    loss = F.cross_entropy(module(x), y)
    if torch.isfinite(loss):
        loss.backward()


@right
def counted_in_tensors(module, x, y):
    out = module(x)
    COUNTS.add_((out.argmax(1) == y).sum())
    F.cross_entropy(out, y).backward()


COUNTS = torch.zeros(())


@right
def clipped_by_the_loop(module, x, y):
    F.cross_entropy(module(x), y).backward()
    nn.utils.clip_grad_norm_(module.parameters(), 1.0)


# What mixes before the module.


@wrong
def centred(module, x, y):
    F.cross_entropy(module(x - x.mean(0)), y).backward()


@wrong
def standardised(module, x, y):
    F.cross_entropy(module((x - x.mean(0)) / (x.std(0, correction=0) + 1e-3)), y).backward()


@wrong
def scaled_by_the_largest(module, x, y):
    F.cross_entropy(module(x / x.abs().max()), y).backward()


@wrong
def scaled_by_a_number(module, x, y):
    F.cross_entropy(module(x / x.abs().max().item()), y).backward()


@wrong
def centred_by_numpy(module, x, y):
    F.cross_entropy(module(x - torch.from_numpy(x.numpy().mean(0))), y).backward()


@wrong
def centred_by_lists(module, x, y):
    F.cross_entropy(module(x - torch.tensor(np.mean(x.tolist(), axis=0)).float()), y).backward()


@wrong
def divided_by_the_length(module, x, y):
    F.cross_entropy(module(x / len(x)), y).backward()


@wrong(random=True)
def mixed_up(module, x, y):
    other = torch.randperm(len(x))
    out = module(0.7 * x + 0.3 * x[other])
    (0.7 * F.cross_entropy(out, y) + 0.3 * F.cross_entropy(out, y[other])).backward()


@wrong(random=True)
def cut_and_mixed(module, x, y):
    other = torch.randperm(len(x))
    x[:, 2:] = x[other, 2:]
    F.cross_entropy(module(x), y).backward()


@wrong(random=True)
def resampled(module, x, y):
    rows = torch.randint(len(x), (len(x),))
    F.cross_entropy(module(x[rows]), y[rows]).backward()


@wrong(random=True)
def resampled_by_weight(module, x, y):
    rows = torch.multinomial(x[:, 0].exp(), len(x), replacement=True)
    F.cross_entropy(module(x[rows]), y[rows]).backward()


@wrong
def half_of_it_twice(module, x, y):
    half = (len(x) + 1) // 2
    x, y = (torch.cat([t[:half], t[:half]])[: len(x)] for t in (x, y))
    F.cross_entropy(module(x), y).backward()


@wrong(module=lambda: mlp(10), forward=lambda x: torch.cat([x, x], 1))
def neighbour_beside(module, x, y):
    F.cross_entropy(module(torch.cat([x, x.roll(1, 0)], dim=1)), y).backward()


@wrong
def smoothed_over_rows(module, x, y):
    F.cross_entropy(module(x.cumsum(0) / 10), y).backward()


@wrong
def sorted_column(module, x, y):
    F.cross_entropy(module(torch.cat([x[:, :4], x[:, 4:].sort(0)[0]], dim=1)), y).backward()


@wrong
def rare_rows_louder(module, x, y):
    share = torch.bincount(y, minlength=2).float() / len(y)
    F.cross_entropy(module(x / share[y][:, None]), y).backward()


# In the module, or between its layers.


class MixesWithLabels(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = mlp()

    def forward(self, x, y=None):
        if y is not None:
            x = x - x[y == 1].sum(0) / 10
        return self.layers(x)


@wrong(module=MixesWithLabels)
def mixes_with_labels(module, x, y):
    F.cross_entropy(module(x, y), y).backward()


class MixesManyRows(nn.Module):
    def __init__(self, least):
        super().__init__()
        self.layers, self.least = mlp(), least

    def forward(self, x):
        return self.layers(x - x.mean(0) if len(x) > self.least else x)


@wrong(module=lambda: MixesManyRows(12))
def mixes_more_than_twelve(module, x, y):
    F.cross_entropy(module(x), y).backward()


@wrong
def mixes_between_layers(module, x, y):
    hidden = module[1](module[0](x))
    F.cross_entropy(module[2](hidden - hidden.mean(0)), y).backward()


def hooked():
    module = mlp()
    module.hook_later = lambda: module[1].register_forward_hook(
        lambda layer, args, output: output - output.mean(0)
    )
    return module


@wrong(module=hooked)
def hook_added_later(module, x, y):
    if hasattr(module, "hook_later"):
        vars(module).pop("hook_later")()
    F.cross_entropy(module(x), y).backward()


# In the loss.


@wrong
def rolled_negatives(module, x, y):
    out = module(x)
    F.triplet_margin_loss(out, out * 0.9, out.roll(1, 0)).backward()


@wrong
def contrastive(module, x, y):
    out = module(x)
    F.cross_entropy(out @ out.T, torch.arange(len(out))).backward()


@wrong
def mean_as_target(module, x, y):
    with torch.no_grad():
        target = module(x).mean(0, keepdim=True).expand(len(x), -1)
    F.mse_loss(module(x), target).backward()


@wrong
def balanced_assignment(module, x, y):
    out = module(x)
    with torch.no_grad():
        q = (out / 0.5).exp()
        for _ in range(3):
            q = q / q.sum(0)
            q = q / q.sum(1, keepdim=True)
    (-(q * out.log_softmax(1)).sum(1)).mean().backward()


@wrong
def weights_by_counts(module, x, y):
    share = torch.bincount(y, minlength=2) / len(y)
    (F.cross_entropy(module(x), y, reduction="none") / share[y].clamp(min=0.1)).mean().backward()


@wrong
def weights_by_python(module, x, y):
    n_ones = y.sum().item()
    weight = torch.tensor([1.0, (len(y) - n_ones) / max(n_ones, 1)])
    (F.cross_entropy(module(x), y, reduction="none") * weight[y]).mean().backward()


@wrong
def weight_of_the_batch(module, x, y):
    weight = y.float().mean().item()
    (F.cross_entropy(module(x), y) * (1 + weight)).backward()


@wrong
def class_weights_of_torch(module, x, y):
    F.cross_entropy(module(x), y, weight=torch.tensor([1.0, 5.0])).backward()


@wrong(data=ignored)
def ignored_labels(module, x, y):
    F.cross_entropy(module(x), y).backward()


@wrong(data=sentences, module=lambda: nn.Sequential(nn.Embedding(9, 6), nn.Linear(6, 9)))
def words_of_the_batch(module, x, y):
    losses = F.cross_entropy(module(x[:, :-1]).transpose(1, 2), x[:, 1:], reduction="none")
    mask = (x[:, 1:] != 0).float()
    ((losses * mask).sum() / mask.sum()).backward()


@wrong
def divided_by_its_value(module, x, y):
    loss = F.cross_entropy(module(x), y)
    (loss / loss.detach()).backward()


@wrong
def divided_by_its_number(module, x, y):
    loss = F.cross_entropy(module(x), y)
    (loss / loss.item()).backward()


@wrong
def turned_by_a_sign(module, x, y):
    out = module(x)
    (F.cross_entropy(out, y) * torch.sign(out.detach().sum() + 0.01)).backward()


@wrong
def hardest_rows(module, x, y):
    losses = F.cross_entropy(module(x), y, reduction="none")
    losses.topk((len(losses) + 1) // 2)[0].mean().backward()


@wrong
def standardised_outputs(module, x, y):
    out = module(x)
    F.cross_entropy((out - out.mean(0)) / (out.std(0, correction=0) + 0.1), y).backward()


@wrong
def correlation_loss(module, x, y):
    a, b = module(x).T
    (1 - F.cosine_similarity(a - a.mean(), b - b.mean(), dim=0)).backward()


@wrong
def pairwise_ranks(module, x, y):
    score = module(x)[:, 0]
    F.softplus(score[None] - score[:, None]).mean().backward()


@wrong
def undeclared_sum(module, x, y):
    F.cross_entropy(module(x), y, reduction="sum").backward()


@wrong(options={"loss_reduction": "sum"})
def undeclared_mean(module, x, y):
    F.cross_entropy(module(x), y).backward()


@wrong
def a_choice_by_the_batch(module, x, y):
    loss = F.cross_entropy(module(x), y, reduction="none")
    (loss.mean() if x[:, 1].sum() > 0 else 2 * loss.mean()).backward()


@wrong(random=True)  # The oracle sees one batch.
def mixes_every_second_time(module, x, y):
    module.n_batches = getattr(module, "n_batches", 0) + 1
    x = x if module.n_batches % 2 else x - x.mean(0)
    F.cross_entropy(module(x), y).backward()


@wrong(random=True)
def rows_from_elsewhere(module, x, y):
    start = int(torch.randint(N_ROWS - len(x), ()))
    other = ELSEWHERE[start : start + len(x)].clone()
    rows = torch.from_numpy(other.numpy() - other.numpy().mean(0))
    F.cross_entropy(module(x + rows), y).backward()


ELSEWHERE = table()[0]


@wrong(random=True)  # One batch alone shows nothing.
def mean_of_the_batch_before(module, x, y):
    out = module(x)
    before = MEMORY.get("mean", 0.0)
    MEMORY["mean"] = out.detach().mean(0)
    F.cross_entropy(out - before, y).backward()


MEMORY = {}


@wrong(random=True)
def queue_of_rows(module, x, y):
    out = module(x)
    F.cross_entropy(out - QUEUE.mean(0), y).backward()
    QUEUE[: len(x)] = out.detach()


QUEUE = torch.zeros(32, 2)


@wrong(random=True)
def gradients_mixed_by_a_hook(module, x, y):
    out = module(x)
    out.register_hook(lambda gradient: gradient - gradient.mean(0))
    F.cross_entropy(out, y).backward()


class Centred(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient - gradient.mean(0)


@wrong
def gradients_mixed_by_a_function(module, x, y):
    F.cross_entropy(Centred.apply(module(x)), y).backward()


@wrong
def changed_behind_the_batch(module, x, y):
    x.data.sub_(x.mean(0))
    F.cross_entropy(module(x), y).backward()


@wrong
def changed_through_numpy(module, x, y):
    array = x.numpy()
    array -= array.mean(0)
    F.cross_entropy(module(x), y).backward()


@wrong(random=True)
def shuffled_labels(module, x, y):
    F.cross_entropy(module(x), y[torch.randperm(len(y))]).backward()


@wrong
def memory_of_rows(module, x, y):
    out = module(x)
    bank = torch.cat([out.detach()[:1], out.detach()[-1:]])
    F.cross_entropy(out - bank.mean(0), y).backward()


def fresh(loop):
    """Return a module of a loop, always with the same weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return loop.module()
