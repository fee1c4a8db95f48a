"""What a real site needs to be told, before anything is sent."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from sklearn_private.exceptions import InvalidParameterError, TransportError
from sklearn_private.federated import FederatedWrapper, RowDP, _wrapper
from sklearn_private.federated._site import LOCAL
from sklearn_private.sums import Masked, fit_apart, program_for
from sklearn_private.transport import make_certificates, run_star

X, y = np.eye(4), np.array([0, 1, 0, 1])
PLACE = {"site": "a", "coordinator": "127.0.0.1:1", "tls": "nowhere"}


@pytest.mark.parametrize(
    "estimator, parameters, named",
    [
        (Ridge(), {"coordinator": "x:1"}, "'coordinator' parameter .* give site="),
        (Ridge(), {"tls": "x"}, "'tls' parameter .* give site="),
        (Ridge(), {"site": "a"}, "needs coordinator and tls"),
        (Ridge(), {"site": "a", "tls": "x"}, "needs coordinator:"),
        (LogisticRegression(), PLACE, "needs classes="),
        (Ridge(), {**PLACE, "timeout": 0}, "'timeout' parameter"),
        (Ridge(), {**PLACE, "timeout": None}, "'timeout' parameter"),
        (Ridge(), PLACE, "'tls' parameter must be the folder of one member .* is no folder"),
        (
            LogisticRegression(),
            {**PLACE, "classes": [0, 1], "dp": RowDP(1.0, 1e-5, 1.0)},
            "takes no dp",
        ),
    ],
)
def test_a_site_that_lacks_something_is_told_what(estimator, parameters, named):
    with pytest.raises(InvalidParameterError, match=named):
        FederatedWrapper(estimator, **parameters).fit(X, y)


def test_a_site_takes_no_groups():
    with pytest.raises(InvalidParameterError, match="all rows are this site's"):
        FederatedWrapper(Ridge(), **PLACE).fit(X, y, groups=[1, 2, 1, 2])


def test_a_folder_of_another_site_is_refused(tmp_path):
    folders = make_certificates(tmp_path, ["a", "b", "c"])
    with pytest.raises(InvalidParameterError, match=r"holds no a.key: it is the folder of \['b'\]"):
        FederatedWrapper(Ridge(), **{**PLACE, "tls": folders["b"]}).fit(X, y)


def test_a_site_decides_by_its_own_rows_alone_where_a_simulation_lets_sites_hide_each_other():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(150, 5))
    target = rows @ np.ones(5)
    groups = np.repeat([0, 1, 2], 50)
    groups[:30] = 1  # 20 rows at site 0, where 30 are needed for second moments of 5 columns
    FederatedWrapper(Ridge(), secure_aggregation=True).fit(rows, target, groups=groups)

    def site(name):
        def run(channel):
            mine = groups == int(name)
            fitter = FederatedWrapper(Ridge(), secure_aggregation=True)
            words = _wrapper._words(fitter)
            return fit_apart(
                fitter, channel, program_for(Ridge()), rows[mine], target[mine], None, words=words,
                threshold=1, min_rows=None, hide=Masked, local=LOCAL,
            )  # fmt: skip

        return run

    found = run_star({name: site(name) for name in "012"})
    with pytest.raises(InvalidParameterError, match="needs 30 rows .* Got 20"):
        raise found["0"]
    for name in "12":
        with pytest.raises(TransportError, match="'0' refused its own rows"):
            raise found[name]
