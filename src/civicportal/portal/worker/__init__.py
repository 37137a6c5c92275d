"""The worker process: messages and jobs."""
