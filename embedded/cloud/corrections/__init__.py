"""Where moto has an operation and yet answers otherwise than AWS."""
