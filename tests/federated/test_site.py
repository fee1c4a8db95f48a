"""What a real site needs to be told, before anything is sent."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from sklearn_private.exceptions import InvalidParameterError
from sklearn_private.federated import FederatedWrapper, RowDP
from sklearn_private.transport import make_certificates

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
