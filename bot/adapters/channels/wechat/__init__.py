"""公众号: how WeChat's official accounts call us, and how we call them (W1, W2, W5)."""
