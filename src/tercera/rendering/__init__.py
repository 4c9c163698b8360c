"""From notices to the words that a person reads: phrases per language, formats per locale, templates.

Knows nothing of how anything is sent.
"""

from tercera.rendering.letters import Attachment, Extras, Letter, Letterhead, Letters
from tercera.rendering.words import languages

__all__ = ["Attachment", "Extras", "Letter", "Letterhead", "Letters", "languages"]
