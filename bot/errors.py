"""The few kinds of refusal a person can meet; each says what was wrong and what to do."""

from collections.abc import Mapping

from bot.ui.calls import Call


class UserError(Exception):
    """A refusal in one or two sentences, fit to show to the person as it stands."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class BadValue(UserError):
    """A value could not be read. `choices` are values that would be accepted instead."""

    def __init__(self, message: str, choices: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.choices = choices


class NotAllowed(UserError):
    """The person lacks the role; says who has it. `remedy` is a label and a call that would give it."""

    def __init__(self, message: str, remedy: tuple[str, Call] | None = None) -> None:
        super().__init__(message)
        self.remedy = remedy


class NotFound(UserError):
    """There is no such thing, or none this person may know of."""


class Conflict(UserError):
    """The thing exists but is not in a state that allows this."""


class Problems(UserError):
    """Several values are missing or unreadable: message by parameter name."""

    def __init__(self, by_param: Mapping[str, str]) -> None:
        super().__init__(" ".join(by_param.values()))
        self.by_param = dict(by_param)
