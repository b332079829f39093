from __future__ import annotations

import pytest

from flopt.errors import FloptError
from flopt.importing.reading import read_runs


def test_an_unknown_format_is_named_with_the_nearest() -> None:
    with pytest.raises(FloptError, match="no format 'flowr'; did you mean 'flower'"):
        read_runs("flowr", [], "accuracy")
