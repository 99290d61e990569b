"""What several flows do alike: each a function on values, used by the flows' own modules."""
