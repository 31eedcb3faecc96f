"""Words on the screen: English in the source, other languages from catalogues."""
