"""Judgement by generated requests: every operation's constraints, and random conversations against a model."""
