"""An ordinary PyTorch training loop, made private in three lines.

The loop below is what everybody writes. The three lines in the middle are all that changes: rows
are drawn at random, each row's gradient is clipped, noise is added, and the step that the budget
does not pay for is refused. The module, the optimizer and the loop stay what they are.
"""

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from sklearn_private.exceptions import BudgetExceededError
from torch_private import make_private

EPOCHS = 20


def main():
    torch.set_num_threads(1)
    X, y = load_digits(return_X_y=True)
    parts = train_test_split(X / 16, y, test_size=0.2, stratify=y, random_state=0)
    X_train, X_test = (torch.tensor(part, dtype=torch.float32) for part in parts[:2])
    y_train, y_test = (torch.tensor(part) for part in parts[2:])

    module = nn.Sequential(nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(module.parameters(), lr=2.0)
    loader = DataLoader(TensorDataset(X_train, y_train), batch_size=256, shuffle=True)

    private = make_private(
        module, optimizer, loader, epsilon=3.0, delta=1e-5, epochs=EPOCHS, max_grad_norm=1.0
    )
    module, optimizer, loader = private

    for _ in range(EPOCHS):
        for x, target in loader:
            optimizer.zero_grad()
            F.cross_entropy(module(x), target).backward()
            optimizer.step()

    with torch.no_grad():
        accuracy = (module(X_test).argmax(1) == y_test).float().mean()
    print(f"accuracy on held-out digits: {accuracy:.3f}")
    print(f"epsilon spent: {private.epsilon_spent():.2f}")
    print(private.privacy_statement_)

    try:  # One pass too many: the budget is spent, so nothing is released.
        for x, target in loader:
            optimizer.zero_grad()
            F.cross_entropy(module(x), target).backward()
            optimizer.step()
    except BudgetExceededError as refusal:
        print(f"\nOne more step: {refusal}")


if __name__ == "__main__":
    main()
