"""Commands: what a plan wants done in a system. `base` says what a kind is; one module a system holds its kinds."""

from pipeline.commands.aprimo import (
    AddAnnotation,
    CommitmentVerb,
    CreateObject,
    CreateTask,
    ProjectVerb,
    SetFields,
    TaskVerb,
)
from pipeline.commands.base import KINDS, Cause, Command, check_whole, dump, load, register
from pipeline.commands.dam import (
    AddCheck,
    AddToCollection,
    CreateRecord,
    RemoveFromCollection,
    SetRecord,
)
from pipeline.commands.dam_files import AddVersion, DropPublicLink, OrderLinks, RegisterPublicLink, Upload
from pipeline.commands.opentext import (
    AddComment,
    Assign,
    CompleteTask,
    EndProcess,
    SendMessage,
    SetVariables,
    StartProcess,
    UpdateTask,
)

__all__ = [
    "KINDS",
    "AddAnnotation",
    "AddCheck",
    "AddComment",
    "AddToCollection",
    "AddVersion",
    "Assign",
    "Cause",
    "Command",
    "CommitmentVerb",
    "CompleteTask",
    "CreateObject",
    "CreateRecord",
    "CreateTask",
    "DropPublicLink",
    "EndProcess",
    "OrderLinks",
    "ProjectVerb",
    "RegisterPublicLink",
    "RemoveFromCollection",
    "SendMessage",
    "SetFields",
    "SetRecord",
    "SetVariables",
    "StartProcess",
    "TaskVerb",
    "UpdateTask",
    "Upload",
    "check_whole",
    "dump",
    "load",
    "register",
]
