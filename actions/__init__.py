"""Custom actions: from slots to a service to a script. Each is small; what they decide stands in bot/domain."""
