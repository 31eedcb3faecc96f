"""The exam centre's lists of who passed: read from a workbook, checked row by row, matched into qualifications."""
