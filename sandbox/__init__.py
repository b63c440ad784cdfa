"""A UniSender that runs on this machine: the classic HTTP API, an inbox to read, faults on demand."""
