"""RabbitMQ: names, topology and the connection. The only package that imports pika."""
