"""What Discord refuses, with the status and the code it says so with."""

from typing import Any


class Refusal(Exception):
    """Becomes an error answer; `errors` are those of single fields, by path."""

    def __init__(self, status: int, code: int, message: str, errors: dict[str, str] | None = None) -> None:
        super().__init__(f"{status} {code} {message} {errors or ''}")
        self.status = status
        self.body: dict[str, Any] = {"code": code, "message": message}
        if errors:
            self.body["errors"] = _nested(errors)


def _nested(errors: dict[str, str]) -> dict[str, Any]:
    """Return the errors as Discord nests them: one object per step of the path."""
    tree: dict[str, Any] = {}
    for path, message in errors.items():
        at = tree
        for step in path.split("."):
            at = at.setdefault(step, {})
        at.setdefault("_errors", []).append({"code": "INVALID", "message": message})
    return tree


def unauthorized() -> Refusal:
    return Refusal(401, 0, "401: Unauthorized")


def not_found() -> Refusal:
    return Refusal(404, 0, "404: Not Found")


def unknown(what: str) -> Refusal:
    codes = {
        "Channel": 10003,
        "Guild": 10004,
        "Member": 10007,
        "Message": 10008,
        "User": 10013,
        "Emoji": 10014,
        "Webhook": 10015,
        "interaction": 10062,
        "application command": 10063,
        "Guild Scheduled Event": 10070,
    }
    return Refusal(404, codes[what], f"Unknown {what}")


def missing_access() -> Refusal:
    return Refusal(403, 50001, "Missing Access")


def not_the_author() -> Refusal:
    return Refusal(403, 50005, "Cannot edit a message authored by another user")


def empty_message() -> Refusal:
    return Refusal(400, 50006, "Cannot send an empty message")


def closed_to_direct_messages() -> Refusal:
    return Refusal(403, 50007, "Cannot send messages to this user")


def missing_permissions() -> Refusal:
    return Refusal(403, 50013, "Missing Permissions")


def invalid_webhook_token() -> Refusal:
    return Refusal(401, 50027, "Invalid Webhook Token")


def invalid_form(errors: dict[str, str]) -> Refusal:
    return Refusal(400, 50035, "Invalid Form Body", errors)


def thread_archived() -> Refusal:
    return Refusal(400, 50083, "Thread is archived")


def answered_already() -> Refusal:
    return Refusal(400, 40060, "Interaction has already been acknowledged.")


def too_many_reactions() -> Refusal:
    return Refusal(403, 30010, "Maximum number of reactions reached (20)")
