"""How calls leave the house: one session with deadlines, a shared rate budget, a breaker, tokens, verdicts."""
