"""Observability: alerts, dashboards and what is scraped, all from the metric catalogue."""
