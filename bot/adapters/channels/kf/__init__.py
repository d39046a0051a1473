"""微信客服: how WeCom's customer service calls us, and how we call it (W3, W5)."""
