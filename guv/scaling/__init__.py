"""How many dynos does a role need? `decide(settings, history, now)` answers; nothing here does I/O."""
