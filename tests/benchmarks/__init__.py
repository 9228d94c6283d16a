"""The benchmarks work: whoever breaks one hears of it at once, not at the next measuring."""
