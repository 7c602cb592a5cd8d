"""Delivery of alerts and decision feeds to notification targets."""
