"""The rate budget and the breaker on a real Valkey, shared by real processes: the numbers are printed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from pipeline.transport.breaker import Breaker, BreakerOptions
from pipeline.transport.budget import Budget, BudgetOptions
from tests.support import findings
from tests.support.processes import wait_until
from tests.support.sandbox_process import ROOT
from tests.support.valkey_server import running_valkey

RATE_PER_S = 20
BURST = 10
SECONDS = 3.0
PROCESSES = 4

WORKER = """
import json, sys, time
import redis
from pipeline.transport.budget import Budget, BudgetOptions
from pipeline.words import Urgency

url, urgency = sys.argv[1], Urgency(sys.argv[2])
budget = Budget(
    redis.Redis.from_url(url),
    BudgetOptions(tenant="t", rate_per_s=20, burst=10, reserved_share=0.2),
)
budget.peek(urgency)
print("ready", flush=True)
ends_at = time.time() + float(sys.stdin.readline())
granted = []
while time.time() < ends_at:
    if budget.take(urgency, max_wait_s=1.0) == 0.0:
        granted.append(time.time())
print(json.dumps(granted), flush=True)
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_valkey(tmp_path_factory.mktemp("valkey")) as address:
        yield address


@pytest.fixture
def client(url: str) -> Iterator[redis.Redis]:
    made = redis.Redis.from_url(url)
    made.flushall()
    yield made
    made.close()


@contextmanager
def workers(program: str, url: str, arguments: Sequence[Sequence[str]]) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that are ready and wait for a line."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, url, *each],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for each in arguments
    ]
    try:
        assert [worker.stdout.readline() for worker in running if worker.stdout] == ["ready\n"] * len(running)
        yield running
    finally:
        for worker in running:
            worker.kill()
            worker.communicate()


def answers(running: Sequence[subprocess.Popen[str]], line: str) -> list[str]:
    """What each process says to the same line, all of them told before any is heard."""
    for worker in running:
        assert worker.stdin is not None
        worker.stdin.write(f"{line}\n")
        worker.stdin.flush()
    return [worker.stdout.readline().strip() for worker in running if worker.stdout]


def run(url: str, urgencies: Sequence[str]) -> list[list[float]]:
    """When each process was granted a call, all of them asking as fast as they can for the same seconds."""
    with workers(WORKER, url, [[urgency] for urgency in urgencies]) as running:
        return [json.loads(answer) for answer in answers(running, str(SECONDS))]


def most_in_a_window(times: list[float], window_s: float) -> int:
    ordered = sorted(times)
    return max(sum(start <= time < start + window_s for time in ordered) for start in ordered)


def test_four_processes_never_exceed_the_rate_and_share_it(url: str, client: redis.Redis) -> None:
    granted = run(url, ["standard"] * PROCESSES)

    shares = [len(times) for times in granted]
    every = [time for times in granted for time in times]
    took_s = max(every) - min(every)
    peak = most_in_a_window(every, 1.0)
    findings.note("budget", f"{len(every)} calls in {took_s:.2f} s, shares {shares}, most in any second {peak}")
    # A process tells its time a moment after the server counted the token.
    assert len(every) <= RATE_PER_S * (took_s + 0.1) + BURST
    assert len(every) >= 0.8 * RATE_PER_S * SECONDS
    assert min(shares) >= 0.25 * len(every) / PROCESSES


def test_decisions_go_first_and_the_rate_holds_over_both(url: str, client: redis.Redis) -> None:
    granted = run(url, ["express", "standard", "standard", "standard"])

    every = [time for times in granted for time in times]
    took_s = max(every) - min(every)
    findings.note("budget", f"with decisions (the first): {[len(times) for times in granted]} calls")
    assert len(every) <= RATE_PER_S * (took_s + 0.1) + BURST
    assert len(granted[0]) >= 0.5 * len(every)


def test_decisions_without_end_leave_ordinary_work_its_small_share(url: str, client: redis.Redis) -> None:
    granted = run(url, ["express", "express", "express", "standard"])

    every = [time for times in granted for time in times]
    took_s = max(every) - min(every)
    findings.note("budget", f"decisions without end: {[len(times) for times in granted]} calls")
    assert len(every) <= RATE_PER_S * (took_s + 0.1) + BURST
    # A tenth of 20 a second; the first comes half a second after it was wanted.
    assert len(granted[3]) >= 4
    assert len(granted[3]) <= 0.25 * len(every)


def test_a_429_halves_what_every_process_gets(url: str, client: redis.Redis) -> None:
    options = BudgetOptions(tenant="t", rate_per_s=RATE_PER_S, burst=BURST, reserved_share=0.2)
    Budget(client, options).slow_down(None)

    every = [time for times in run(url, ["standard", "express"]) for time in times]

    findings.note("budget", f"after a 429: {len(every)} calls in {SECONDS:g} s")
    # From the half it climbs by a 120th every second; the bucket was emptied too, and a call may be drawn ahead.
    assert len(every) <= RATE_PER_S * SECONDS * 0.53 + RATE_PER_S
    assert len(every) >= 0.8 * RATE_PER_S * SECONDS / 2


PROBE = """
import sys
import redis
from pipeline.transport.breaker import Breaker, BreakerOptions

breaker = Breaker(redis.Redis.from_url(sys.argv[1]), BreakerOptions(vendor="aprimo", failures=1, open_s=0.2))
print("ready", flush=True)
sys.stdin.readline()
print(breaker.admit("activities").is_probe, flush=True)
"""


ADMITTED = PROBE.replace(".is_probe", ".wait_s == 0.0")


def test_one_of_six_processes_is_the_probe(url: str, client: redis.Redis) -> None:
    breaker = Breaker(client, BreakerOptions(vendor="aprimo", failures=1, open_s=0.2))
    with workers(PROBE, url, [[]] * 6) as running:
        breaker.failed(breaker.admit("activities"), "503")
        wait_until(lambda: breaker.peek("activities") == 0.0, what="the end of the pause")

        said = answers(running, "go")

    assert Counter(said) == {"True": 1, "False": 5}


def test_a_probe_that_fails_holds_every_process_off_again_and_one_that_succeeds_lets_all_go(
    url: str, client: redis.Redis
) -> None:
    breaker = Breaker(client, BreakerOptions(vendor="aprimo", failures=1, open_s=1.0))
    breaker.failed(breaker.admit("activities"), "503")
    with workers(ADMITTED, url, [[]] * 3) as before, workers(ADMITTED, url, [[]] * 3) as after:
        wait_until(lambda: breaker.peek("activities") == 0.0, what="the end of the pause")
        breaker.failed(breaker.admit("activities"), "503")
        while_open = answers(before, "go")
        wait_until(lambda: breaker.peek("activities") == 0.0, what="the end of the second pause")
        breaker.succeeded(breaker.admit("activities"))
        closed = answers(after, "go")

    assert (while_open, closed) == (["False"] * 3, ["True"] * 3)


def test_scripts_survive_a_server_that_forgot_them(client: redis.Redis, tmp_path: Path) -> None:
    breaker = Breaker(client, BreakerOptions(vendor="aprimo"))
    breaker.admit("activities")

    client.script_flush()

    assert breaker.admit("activities").wait_s == 0.0
