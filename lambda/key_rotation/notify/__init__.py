"""What people and programs are told: texts and shapes. Imports `domain`."""
