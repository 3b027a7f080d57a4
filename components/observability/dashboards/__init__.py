"""Dashboards, made with Grafana's own library from the metric catalogue."""
