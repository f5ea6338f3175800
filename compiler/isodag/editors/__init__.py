"""What editors are told: JSON Schema of our files, made from the tables that the readers use.

https://json-schema.org/draft/2020-12 in words that draft-07 has too: language servers know that
best.  No `$ref`: an editor shows a key's own description, and every part stands where it is used.
"""

from isodag.editors.components import component
from isodag.editors.pipelines import pipeline, values
from isodag.editors.words import Schema, document

__all__ = ["Schema", "component", "document", "pipeline", "values"]
