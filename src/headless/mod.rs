//! Subcommands for scripts: the same AWS layer, no terminal.
