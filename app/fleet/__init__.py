"""What all hosts say, in one place, in memory. Knows no engine; lives on one thread."""
