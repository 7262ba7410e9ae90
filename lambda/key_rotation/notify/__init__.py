"""What people and programs read: texts and shapes. Imports `domain`."""
