"""The worker service of cluster mode: takes orders from RabbitMQ and runs them in slots."""
