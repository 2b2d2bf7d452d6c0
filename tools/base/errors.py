"""The errors a user can act on.

    SensoriumError
    ├── SettingsError        whoever configures must change a setting
    ├── ProviderError        the endpoint of a model is down, or refuses for now
    │   └── LocalOnlyError   a SettingsError too: it is not on this machine, and nothing may leave it
    └── ToolError            the caller of a tool can act on it
        ├── ArgumentError    unknown tool, unknown or wrong argument
        ├── MediaError       the file is not what the tool needs
        ├── EvidenceError    a report or an answer says more than its evidence
        ├── StorageError     the disk is full, or the library cannot be written
        ├── UnavailableError nothing that is installed or configured can do this
        ├── DeniedError      the policy of the user denies the call
        ├── ApprovalError    the user must be asked about the call, and has not approved it
        ├── OverBudget       it may cost more than is left (in budget.py)
        ├── OutcomeUnknown   the same was ordered before, and may have been paid (in budget.py)
        ├── TransientError   may work when tried again; the door does so
        └── Cancelled        the caller asked to stop, or the time was up

Anything else that is raised is a bug of ours and keeps its traceback.
"""

from typing import TYPE_CHECKING

from .secrets import redact_told

if TYPE_CHECKING:
    from .approvals import CallToApprove


class SensoriumError(Exception):
    """Something a user can act on; the message says what happened, with which value, and what to do."""

    def __init__(self, *args: object) -> None:
        super().__init__(*(redact_told(one) if isinstance(one, str) else one for one in args))


class SettingsError(SensoriumError):
    """A setting or a credential is missing or wrong."""


class ProviderError(SensoriumError):
    """A model's endpoint could not be reached, failed, or broke off; the run can be resumed."""

    def __init__(
        self,
        message: str,
        *,
        may_be_paid: bool = False,
        is_outage: bool = False,
        is_policy: bool = False,
        answer: str = "",
    ) -> None:
        super().__init__(message)
        self.may_be_paid = may_be_paid
        """Whether the endpoint had the request and may have worked on it: it must not be sent again blindly."""
        self.is_outage = is_outage or may_be_paid
        """Whether the endpoint itself does not work: down, silent or failing, not only refusing this request."""
        self.wait_seconds: float | None = None
        """How long the endpoint asks to be left alone, where it says so."""
        self.is_policy = is_policy
        """Whether it does not do for anyone what was asked: its policy forbids it."""
        self.answer = answer
        """The refusal as it came, for whoever can read more in it; it may hold anything, and is not for people."""


class LocalOnlyError(SettingsError, ProviderError):
    """Something would have left this machine, and the user allows nothing to; others may serve instead."""


class ToolError(SensoriumError):
    """A tool call failed for a reason that its caller can act on."""


class ArgumentError(ToolError):
    """The tool is unknown, or an argument is unknown, missing or of the wrong type."""


class MediaError(ToolError):
    """A file is missing, unreadable, of the wrong kind, or beyond the limits."""


class EvidenceError(ToolError):
    """A report or an answer says more than its evidence; `faults` lists everything that was found."""

    def __init__(self, message: str, faults: list[str]) -> None:
        super().__init__(message)
        self.faults = [redact_told(one) for one in faults]


class StorageError(ToolError):
    """Sensorium's own folder cannot be written: the disk is full or the permission is missing."""


class UnavailableError(ToolError):
    """Nothing that is installed or configured here can do this."""


class DeniedError(ToolError):
    """The user's policy denies this call."""


class ApprovalError(ToolError):
    """A call needs the user's approval, and has none."""

    def __init__(self, message: str, call: "CallToApprove | None" = None) -> None:
        super().__init__(message)
        self.call = call


class TransientError(ToolError):
    """A failure that may pass; the door tries again a few times."""


class Cancelled(ToolError):
    """The call was cancelled or its time was up."""
