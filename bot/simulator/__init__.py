"""WeChat as it is seen from outside, 公众号 and 微信客服, so that the product can be tried without an account (W)."""
