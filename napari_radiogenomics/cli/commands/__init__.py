"""One module a command; each defines ``COMMAND``. Nothing heavy is imported at module level."""
