"""Reading the answer: recommendation, figures, tables."""
