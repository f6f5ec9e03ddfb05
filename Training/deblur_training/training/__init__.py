"""Loss, schedules, phases and checkpoints of the training."""
