"""Everything an installation can be told, and what follows from it. Imports nothing of ours."""

VERSION = "0.1.0"
