"""Music by rules: what is composed, and how it sounds."""
