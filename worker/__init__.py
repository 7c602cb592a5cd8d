"""The worker: every tick, collect, decide, actuate, record, notify."""
