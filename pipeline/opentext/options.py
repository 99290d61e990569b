"""What of an OpenText tenant is configured because the vendor does not document it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pipeline.transport.tokens import TokenOptions, TokenStyle


class DeployEncoding(StrEnum):
    """How a model's XML stands in the body of a deployment."""

    BASE64 = "base64"
    URLENCODED = "urlencoded"
    PLAIN = "plain"


class OutcomeSource(StrEnum):
    """Where the outcome of a finished task is read."""

    TASK_VARIABLE = "task_variable"
    """A task-local variable, named like the model's outcome variable."""
    TASK_PROPERTY = "task_property"
    """The property `outcome` of the task itself."""
    PROCESS_VARIABLE = "process_variable"
    """The process variable of that name: cannot tell the parts of a repeated task apart."""


@dataclass(frozen=True, kw_only=True)
class OpenTextOptions:
    """How one tenant is reached.

    message_action: the literal that delivers a message. sends_delete_reason: whether DELETE carries a reason.
    outcome_variables: task definition key -> the model's outcome variable.
    call_back_secret: what the tokens of new processes are made with, "" for none; a command never holds the token,
    so that it never stands in a table of ours. read_threads: instances that are read side by side. are_lists_whole:
    whether rows of lists carry what a read of the process does. task_sort: by what a list of tasks is asked to be
    sorted so that those of an instance stand together; "" where it cannot be.
    """

    url: str
    tenant_id: str
    client_id: str
    client_secret: str = field(repr=False)
    token_style: TokenStyle = TokenStyle.FORM
    scope: str = ""
    renew_ratio: float = 0.8
    fallback_ttl_s: float = 600.0
    page_size: int = 100
    deploy_encoding: DeployEncoding = DeployEncoding.BASE64
    message_action: str = "messageEventReceived"
    sends_delete_reason: bool = True
    uses_user_ids: bool = False
    outcome_source: OutcomeSource = OutcomeSource.TASK_VARIABLE
    outcome_variables: Mapping[str, str] = field(default_factory=dict)
    call_back_secret: str = field(default="", repr=False)
    read_threads: int = 8
    are_lists_whole: bool = True
    task_sort: str = "processInstanceId"

    def token_options(self) -> TokenOptions:
        """How a token is asked for."""
        return TokenOptions(
            url=f"{self.url.rstrip('/')}/tenants/{self.tenant_id}/oauth2/token",
            client_id=self.client_id,
            client_secret=self.client_secret,
            style=self.token_style,
            scope=self.scope,
            renew_ratio=self.renew_ratio,
            fallback_ttl_s=self.fallback_ttl_s,
        )
