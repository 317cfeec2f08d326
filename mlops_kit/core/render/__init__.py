"""Values as text: terminal, markdown, diagrams."""
