"""The message with which another program tells of a run: JSON, checked field by field."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from flopt.asking.trial import Trial
from flopt.errors import FloptError, nearest

__all__ = ["Message", "parsed"]

# What pydantic's kinds of error allow.
_ALLOWED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "list_type": "a list",
    "model_type": "an object",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "literal_error": "{expected}",
}

Count = Annotated[int, Field(ge=0, le=2**53)]
"""Whole numbers that a trace, which has floats, keeps exactly."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class RoundTold(_Table):
    """One round; what is not given is what the plan makes of its participation. Ranges are `flopt.Round`'s."""

    accuracy: float
    loss: float
    clients: Count | None = None
    samples: Count | None = None
    download_bytes: Count | None = None
    upload_bytes: Count | None = None
    test_accuracy: float | None = None
    balanced_accuracy: float | None = None
    auc: float | None = None
    worst_client_accuracy: float | None = None


class Message(_Table):
    """All that is told of one run: every round since its first, and how it ended."""

    number: Annotated[int, Field(ge=0)]
    rounds: list[RoundTold] = []
    status: Literal["ok", "failed"] = "ok"
    reason: str = ""
    """Why it failed."""
    cpu_s: float = 0.0
    """CPU seconds that it took, for the search's own emissions."""

    def report_to(self, trial: Trial) -> None:
        """Report its rounds; raises FloptError for the first that cannot be."""
        for each in self.rounds:
            trial.report(**each.model_dump())

    def end(self, trial: Trial) -> None:
        """Tell the run's end."""
        if self.status == "failed":
            trial.fail(self.reason, self.cpu_s)
        else:
            trial.tell(self.cpu_s)


def parsed(text: str | bytes, place: str = "stdin") -> Message:
    """Read a message from JSON; the first thing wrong is said in one line that begins with `place`."""
    try:
        return Message.model_validate_json(text)
    except ValidationError as error:
        raise FloptError(f"{place}: {_first(error)}") from None


def _first(error: ValidationError) -> str:
    detail = error.errors(include_url=False)[0]
    kind, path = detail["type"], ".".join(map(str, detail["loc"]))
    if kind == "json_invalid":
        return f"not JSON: {detail['ctx']['error']}"
    if kind == "missing":
        return f"{path} is missing"
    if kind == "extra_forbidden":
        table = Message if len(detail["loc"]) == 1 else RoundTold
        return f"no key {path!r}; {nearest(str(detail['loc'][-1]), table.model_fields)}"
    allowed = _ALLOWED[kind].format(**detail.get("ctx", {})).replace("'", "") if kind in _ALLOWED else detail["msg"]
    return f"{path or 'the message'} = {detail['input']!r}: must be {allowed}"
