"""HTTP to contract and back; no rule and no SQL here."""
