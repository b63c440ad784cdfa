"""A UniSender that runs on this machine: the classic HTTP API, an inbox to look at, faults on demand."""
