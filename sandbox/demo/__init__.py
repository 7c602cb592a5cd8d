"""guv on this machine, scaling a made-up app before one's eyes: `python -m sandbox.demo`."""
