"""What does guv do every tick? Collect, decide, actuate, record, notify."""
