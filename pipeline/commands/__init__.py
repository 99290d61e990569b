"""Commands: what a plan wants done in a system. `base` says what a kind is; one module a system holds its kinds."""

from pipeline.commands.aprimo import ProjectVerb, SetFields
from pipeline.commands.base import KINDS, Cause, Command, dump, load, register
from pipeline.commands.opentext import AddComment, EndProcess, SendMessage, SetVariables, StartProcess

__all__ = [
    "KINDS",
    "AddComment",
    "Cause",
    "Command",
    "EndProcess",
    "ProjectVerb",
    "SendMessage",
    "SetFields",
    "SetVariables",
    "StartProcess",
    "dump",
    "load",
    "register",
]
