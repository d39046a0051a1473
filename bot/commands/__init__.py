"""The subcommands of `anfu`: each module adds its arguments and has one function that does the work."""
