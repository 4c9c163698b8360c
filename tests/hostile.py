"""Texts that strangers may have written into an order or a customer's entry."""

from __future__ import annotations

HOSTILE = (
    "<!channel> <@U012> <https://evil.example|your bank>",
    "&lt;!here&gt; & <script>alert(1)</script>",
    '"}\n{"type":"alert.opened","forged":true}\n',
    "line\u2028separator\u0085next\x0b\x0c\x1c\x1d\x1e line",
    "\x1b[31mred\x07\x00nul",
    "right\u202eto left\u2066",
    "{{ 7 * 7 }} ${SMTP_PASSWORD} %s {subject}",
    '=HYPERLINK("https://evil.example","x")',
    "half a pair \ud800 alone",
    "*bold* _it_ ~no~ `code` @here :smile:",
    "x" * 5000,
    "&" * 5000,
)
