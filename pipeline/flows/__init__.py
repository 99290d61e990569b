"""The flows: one module each, rules on values; `registry` names them all."""
