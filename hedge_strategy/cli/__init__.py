"""The commands, one function each in a module of its name; `app` is their table."""
