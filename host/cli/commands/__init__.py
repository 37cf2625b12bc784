"""The subcommands of the host itself."""
