"""What guards and watches the server: headers, uploads, shares of memory, telemetry. Knows nothing of what it guards."""
