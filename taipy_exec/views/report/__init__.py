"""A submission described in one file: for people (HTML), for programs, and for other tools."""

from __future__ import annotations

from taipy_exec.views.report.content import Report

# Format -> the end of its file's name.
FORMATS = {"html": ".html", "json": ".json", "junit": ".xml", "chrome-trace": ".trace.json"}


def render_report(report: Report, format: str) -> str:
    """`report` in one of `FORMATS`. Raises `ValueError` for a format that does not exist."""
    match format:
        case "html":
            from taipy_exec.views.report.page import html_page

            return html_page(report)
        case "json":
            from taipy_exec.views.report.shape import json_report

            return json_report(report)
        case "junit":
            from taipy_exec.views.report.junit import junit_report

            return junit_report(report)
        case "chrome-trace":
            from taipy_exec.views.report.chrome_trace import chrome_trace

            return chrome_trace(report)
    raise ValueError(f"no report format {format!r}: one of {', '.join(FORMATS)}")
