"""One tick: collect, decide, actuate, record, notify."""
