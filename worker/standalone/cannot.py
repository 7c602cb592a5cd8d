"""Why can nothing be done? In words for the person who started the run."""


class CannotRun(Exception):
    """What is missing or in the way; the text holds no secret."""
