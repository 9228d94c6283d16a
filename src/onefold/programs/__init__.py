"""What you start: the command, the supervisor and the processes."""
