"""What learns: views of the modalities, experts on them, and the models that join experts."""
