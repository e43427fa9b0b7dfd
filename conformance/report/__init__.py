"""The report: from a result document to HTML, JUnit, Markdown, SARIF, badges, comparison; drawn, never judged."""

from conformance.report.html import render_html
from conformance.report.verify import Finding, Report, verify_path, verify_result
from conformance.report.write import ALL_FORMATS, FORMATS, write_reports

__all__ = [
    "ALL_FORMATS",
    "FORMATS",
    "Finding",
    "Report",
    "render_html",
    "verify_path",
    "verify_result",
    "write_reports",
]
