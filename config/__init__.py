"""Everything an installation can be told, and what follows from it. Imports nothing of ours."""
