"""What docs/reference/performance.md is made with. `make bench` prints one line a figure."""
