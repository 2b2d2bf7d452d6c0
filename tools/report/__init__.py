"""What becomes of evidence: a draft, a check, a report."""
