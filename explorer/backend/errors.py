"""The one kind of error a user may see: which field, what was expected, what came."""

from __future__ import annotations


class ExplorerError(ValueError):
    """Input that cannot be used, said in one sentence.

    Args:
        field: name of the control, option, file or argument at fault.
        expected: what would have been accepted.
        got: what came instead.
    """

    def __init__(self, field: str, expected: str, got: object) -> None:
        self.field = field
        self.expected = expected
        self.got = got
        super().__init__(f"{field}: expected {expected}, got {got}.")
