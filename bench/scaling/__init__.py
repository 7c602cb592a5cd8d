"""The scaling benchmark of docs/benchmark.md: a simulator, its scenarios, guv and its peers."""
