"""One run, from settings to report: prepare, drive pytest in a process of its own, finish."""
