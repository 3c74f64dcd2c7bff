"""One exception tree. Each class knows the exit code of the command line."""


class IonwrightError(Exception):
    """The work failed; the message says why and what to do next."""

    exit_code = 1


class NotAvailable(IonwrightError):
    """Nothing here can do that yet; the message says what can be done today."""


class Damaged(IonwrightError):
    """A file that we rely on (weights, checkpoint, run record) is missing or damaged."""


class Busy(IonwrightError):
    """Another process owns the thing asked for."""


class Cancelled(IonwrightError):
    """The caller stopped the work."""

    exit_code = 130


class InvalidRequest(IonwrightError, ValueError):
    """The request was wrong; the message gives the thing, its value and what is allowed."""

    exit_code = 2


class Refused(IonwrightError):
    """The goal is hazardous and is not worked on."""

    exit_code = 3
