"""A network in PyTorch: an ordinary training loop made private in three lines."""

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from sklearn_private import DomainEncoder, privacy_report
from sklearn_private.exceptions import BudgetExceededError, GuaranteeError
from torch_private import make_private

from .loans import DOMAIN, applicants

EPOCHS = 30


def network(n_features):
    """Return a network with one hidden layer."""
    return nn.Sequential(nn.Linear(n_features, 32), nn.Tanh(), nn.Linear(32, 2))


def parts(module, data):
    """Return the three parts of a training loop."""
    optimizer = torch.optim.SGD(module.parameters(), lr=2.0)
    return module, optimizer, DataLoader(data, batch_size=512, shuffle=True)


def train(module, optimizer, loader, epochs=EPOCHS):
    """Train: nothing in here knows of privacy."""
    for _ in range(epochs):
        for x, target in loader:
            optimizer.zero_grad()
            F.cross_entropy(module(x), target).backward()
            optimizer.step()


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
    console.heading("The same loans by a network: a PyTorch loop made private")
    console.text(
        "  module, optimizer, loader = make_private(\n"
        f"      module, optimizer, loader, epsilon=1.0, delta=1e-5, epochs={EPOCHS}\n"
        "  )\n"
        "is the whole change; the training loop stays as it is."
    )
    torch.set_num_threads(1)  # so small a network is slower on several
    data, score = _rows()
    n_features = data.tensors[0].shape[1]
    torch.manual_seed(0)
    plain = parts(network(n_features), data)
    train(*plain)
    private = make_private(
        *parts(network(n_features), data), epsilon=1.0, delta=1e-5, epochs=EPOCHS
    )
    train(*private)
    console.table(
        ("1,114 held-out applicants", "AUC"),
        [
            ("without privacy", f"{score(plain[0]):.3f}"),
            ("epsilon = 1", f"{score(private.module):.3f}"),
        ],
    )
    console.report(privacy_report(private))
    _print_refusals(console, private, data)


def _rows():
    """Return training rows, and a function that scores a module on the others."""
    X, y = applicants()
    encoded = np.asarray(DomainEncoder(DOMAIN).fit_transform(X), dtype=np.float32)
    split = train_test_split(encoded, y, test_size=0.25, stratify=y, random_state=0)
    X_train, X_test, y_train, y_test = map(torch.tensor, split)

    def score(module):
        with torch.no_grad():
            return roc_auc_score(y_test, module(X_test).softmax(1)[:, 1])

    return TensorDataset(X_train, y_train), score


def _print_refusals(console, private, data):
    try:
        train(*private, epochs=1)
    except BudgetExceededError as refusal:
        console.text(f"One pass too many: {refusal}")
    n_features = data.tensors[0].shape[1]
    mixing = nn.Sequential(nn.Linear(n_features, 32), nn.BatchNorm1d(32), nn.Linear(32, 2))
    try:
        make_private(*parts(mixing, data), epsilon=1.0, delta=1e-5, epochs=EPOCHS)
    except GuaranteeError as refusal:
        console.text(f"A module that cannot be private: {refusal}")
    module, optimizer, loader = make_private(
        *parts(network(n_features), data), epsilon=1.0, delta=1e-5, epochs=EPOCHS
    )
    try:
        for x, target in loader:
            optimizer.zero_grad()
            F.cross_entropy(module(x - x.mean(0)), target).backward()
            optimizer.step()
    except GuaranteeError as refusal:
        console.text(f"A loop that centres each batch: {refusal}")
