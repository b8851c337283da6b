"""Every error that a user can meet, as one tree. The bottom layer: it imports nothing of this package.

SidecarError                    (its exit_code is the process's; the message is a sentence: what, where, what to do next)
├── InputError             2    words of a command, files, recipes, names that do not exist
│   ├── DecodeError        2    a manifest or an answer whose shape is not Kubernetes'; names the path
│   ├── RecipeError        2    a recipe with a fault; names file and path of the fault
│   └── UnknownName        2    no object of that kind and name
├── Refused                3    policy or a person said no; nothing was written
├── PartlyDone             4    some of several steps were done; the message says which
├── ClusterError           5    the cluster, the network or the credentials
│   ├── KubeconfigError    5    no, broken or contradictory kubeconfig
│   ├── CredentialsError   5    configured credentials could not be obtained (never replaced by anonymous access)
│   ├── Unreachable        5    no connection, time-out, connection broken
│   ├── BadAnswer          5    the server's answer is not Kubernetes' (HTML, cut JSON, wrong media type)
│   └── ApiError           5    the API server said no: status, reason, message
│       ├── Unauthorized   401
│       ├── Forbidden      403
│       ├── NotFound       404
│       ├── Conflict       409
│       ├── Expired        410   a continue token or resource version too old
│       ├── Invalid        400, 422
│       ├── TooManyRequests 429  after the retries that Retry-After asked for
│       └── ServerFailure  5xx
└── Interrupted          130    Ctrl-C; the message says whether something was written
"""

from __future__ import annotations


class SidecarError(Exception):
    """A foreseeable fault. `exit_code` is the exit code of the process that ends with it."""

    exit_code = 5


class InputError(SidecarError):
    exit_code = 2


class DecodeError(InputError):
    """A value has not the shape that Kubernetes gives it. `path` is where, as in `spec.template.spec.containers[0].args`."""

    def __init__(self, message: str, *, path: str = "") -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path


class RecipeError(InputError):
    """A recipe's fault; the message begins with the file's name and the path of the fault."""


class UnknownName(InputError):
    """Nothing of that kind and name exists where it was looked for."""


class Refused(SidecarError):
    exit_code = 3


class PartlyDone(SidecarError):
    exit_code = 4


class ClusterError(SidecarError):
    exit_code = 5


class KubeconfigError(ClusterError):
    pass


class CredentialsError(ClusterError):
    pass


class Unreachable(ClusterError):
    pass


class BadAnswer(ClusterError):
    pass


class ApiError(ClusterError):
    """The API server's refusal. `status` is the HTTP status, `reason` and `message` are from its Status object;
    `causes` are the (field, message) pairs of status.details.causes."""

    def __init__(
        self, message: str, *, status: int, reason: str = "", causes: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.causes = causes


class Unauthorized(ApiError):
    pass


class Forbidden(ApiError):
    pass


class NotFound(ApiError):
    pass


class Conflict(ApiError):
    pass


class Expired(ApiError):
    pass


class Invalid(ApiError):
    pass


class TooManyRequests(ApiError):
    pass


class ServerFailure(ApiError):
    pass


class Interrupted(SidecarError):
    exit_code = 130
