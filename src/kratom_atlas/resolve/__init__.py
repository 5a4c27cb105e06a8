"""From statements to answers: pure functions of (statements, place, substance, on, known)."""
