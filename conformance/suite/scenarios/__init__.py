"""Whole conversations, isolation between visitors, roles, concurrency: what only several calls can show."""
