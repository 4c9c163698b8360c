"""From notices to the words that a person reads: phrases per language, formats per locale, templates.

Knows nothing of how anything is sent. `letters` is what channels ask; nothing is imported before.
"""
