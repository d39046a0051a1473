"""How well a person served a customer: rules over what was said, a score, what people check by hand (H8)."""
