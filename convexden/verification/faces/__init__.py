"""The pricing maximum beyond the plane, face by face, with proven rounding."""
