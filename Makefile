# The commands a developer needs. Each does its own set-up; see README.
