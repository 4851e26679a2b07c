"""How pages look in Chromium: schemes, widths, contrast, languages."""
