"""Records the sample that the checker is checked with: one brief through two revisions, and a replayed dead letter.

python -m tests.chaos.record
"""

from __future__ import annotations

import json
import random
import tempfile
from pathlib import Path

from tests.chaos.cast import briefs
from tests.chaos.scene import open_scene
from tests.chaos.seed import play
from tests.chaos.troubles_vendors import refusal

SAMPLE = Path(__file__).parent / "samples" / "resubmitted_brief.json"
_RESUBMITTED = 2


def record() -> None:
    """Play it and renew the sample."""
    folder = Path(tempfile.mkdtemp())
    SAMPLE.parent.mkdir(exist_ok=True)
    with open_scene(folder, None) as scene:
        played = play(scene, 0, [refusal(random.Random(1))], None, casts=[briefs([_RESUBMITTED])], keep=SAMPLE)
    assert played.violations == (), played.violations
    found = json.loads(SAMPLE.read_text(encoding="utf-8"))
    found["said"] = {"the log": "", "/metrics": found["said"]["/metrics"]}
    found["tables"]["events"] = [{**row, "plan": None} for row in found["tables"]["events"]]
    found["tables"]["ticks"] = [row for row in found["tables"]["ticks"] if row["error"]]
    SAMPLE.write_text(json.dumps(found, indent=0, sort_keys=True), encoding="utf-8")


if __name__ == "__main__":
    record()
