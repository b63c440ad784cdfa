"""The classic UniSender API over HTTP: transport and methods, statuses, webhook, errors."""
