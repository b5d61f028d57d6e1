"""Client and server events for the example joins: seeded, repeatable, with everything real traffic has."""
