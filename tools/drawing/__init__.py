"""Pictures that are set from type and shapes, without a model."""
