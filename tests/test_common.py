"""scikit-learn's contract, for every public estimator."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from support.contract_instances import INSTANCES, expected_failed, instances, public_estimators


@pytest.mark.filterwarnings("ignore::sklearn_private.exceptions.PrivacyWarning")
@parametrize_with_checks(instances(), expected_failed_checks=expected_failed)
def test_sklearn_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", public_estimators(), ids=lambda cls: cls.__name__)
def test_every_public_estimator_is_tested(estimator):
    assert INSTANCES.get(estimator), f"add {estimator.__name__} to contract_instances.INSTANCES"
