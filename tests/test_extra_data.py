"""Files of other packages, and what is said without them."""

from __future__ import annotations

import re

import pytest

from flopt.errors import FloptError
from flopt.simulation.extra_data import package_file


def test_a_file_is_found_without_importing_its_package() -> None:
    assert package_file("digits", "sklearn", "datasets/data/digits.csv.gz").is_file()


@pytest.mark.parametrize(
    ("package", "message"),
    [
        ("no_such_package", "data own: the package no_such_package is not installed; pip install 'flopt-carbon[data]'"),
        ("sklearn", "data own: this version of sklearn has no some/file.csv; pip install 'flopt-carbon[data]'"),
    ],
)
def test_what_is_missing_is_named(package: str, message: str) -> None:
    with pytest.raises(FloptError, match=re.escape(message)):
        package_file("own", package, "some/file.csv")
