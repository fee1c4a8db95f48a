"""Private logistic regression against diffprivlib and opacus on Adult, side by side.

80/20 stratified splits, delta = 1e-5. diffprivlib *claims* pure epsilon; opacus counts add-remove.
Accuracy in percent and AUC are means over splits; times are ratios to scikit-learn's own fit.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from datasets import design
from peers import run_peer
from sklearn_private import DPLogisticRegression

EPSILONS = [0.1, 0.5, 1.0, 4.0, 8.0]
N_SPLITS = 10
N_SPLITS_OF_PEERS = 3

DIFFPRIVLIB = """
import json, sys, time, warnings
import numpy as np
from diffprivlib.models import LogisticRegression
from sklearn.metrics import roc_auc_score
warnings.simplefilter("ignore")
data = np.load(sys.argv[1])
found = []
for train, test in zip(data["train"], data["test"]):
    start = time.process_time()
    model = LogisticRegression(epsilon=float(sys.argv[2]), data_norm=1.0, max_iter=1000)
    model.fit(data["X"][train], data["y"][train])
    seconds = time.process_time() - start
    score = model.decision_function(data["X"][test])
    y = data["y"][test]
    found.append([float(np.mean((score > 0) == y)), float(roc_auc_score(y, score)), seconds])
print(json.dumps(found))
"""

OPACUS = """
import json, sys, time, warnings
import numpy as np, torch
from opacus import PrivacyEngine
from sklearn.metrics import roc_auc_score
warnings.simplefilter("ignore")
torch.set_num_threads(1)
data = np.load(sys.argv[1])
X, y = torch.tensor(data["X"], dtype=torch.float32), torch.tensor(data["y"], dtype=torch.float32)
found = []
for train, test in zip(data["train"], data["test"]):
    start = time.process_time()
    model = torch.nn.Linear(X.shape[1], 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=8.0)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(X[train], y[train]), batch_size=1024
    )
    model, optimizer, loader = PrivacyEngine().make_private_with_epsilon(
        module=model, optimizer=optimizer, data_loader=loader, target_epsilon=float(sys.argv[2]),
        target_delta=1e-5, epochs=4, max_grad_norm=1.0,
    )
    for _ in range(4):
        for a, b in loader:
            optimizer.zero_grad()
            torch.nn.functional.binary_cross_entropy_with_logits(model(a)[:, 0], b).backward()
            optimizer.step()
    seconds = time.process_time() - start
    score = model(X[test]).detach().numpy()[:, 0]
    truth = data["y"][test]
    accuracy, auc = np.mean((score > 0) == truth), roc_auc_score(truth, score)
    found.append([float(accuracy), float(auc), seconds])
print(json.dumps(found))
"""


def main():
    """Print one line for each method and epsilon."""
    X, y = design("adult")
    splits = [
        train_test_split(np.arange(len(y)), test_size=0.2, stratify=y, random_state=seed)
        for seed in range(N_SPLITS)
    ]
    plain = np.array([_score(LogisticRegression(C=100, max_iter=1000), X, y, s) for s in splits])
    print(f"{'method':<34}{'epsilon':>8}{'accuracy':>10}{'AUC':>8}{'time / plain':>14}")
    _line("scikit-learn, no privacy", "", plain, plain)
    for epsilon in EPSILONS:
        for relation in ("replace_one", "zero_out"):
            model = DPLogisticRegression(
                epsilon, neighboring=relation, feature_norm=1.0, classes=[0, 1]
            )
            ours = np.array([_score(model, X, y, split) for split in splits])
            _line(f"DPLogisticRegression, {relation}", epsilon, ours, plain)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "adult.npz"
        few = splits[:N_SPLITS_OF_PEERS]
        np.savez(path, X=X, y=y, train=[a for a, _ in few], test=[b for _, b in few])
        peers = (
            ("diffprivlib (claims pure epsilon)", "dp-ibm", DIFFPRIVLIB),
            ("opacus (add-remove)", "torch", OPACUS),
        )
        for name, peer, script in peers:
            for epsilon in EPSILONS:
                theirs = run_peer(peer, script, path, epsilon)
                if theirs is None:
                    break
                _line(f"{name}", epsilon, np.array(theirs), plain)


def _score(model, X, y, split):
    train, test = split
    start = time.process_time()
    model.fit(X[train], y[train])
    seconds = time.process_time() - start
    score = model.decision_function(X[test])
    return np.mean((score > 0) == y[test]), roc_auc_score(y[test], score), seconds


def _line(name, epsilon, found, plain):
    accuracy, auc, _ = found.mean(axis=0)
    ratio = found[:, 2].min() / plain[:, 2].min()
    print(f"{name:<34}{epsilon:>8}{100 * accuracy:>10.1f}{auc:>8.3f}{ratio:>14.2f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
