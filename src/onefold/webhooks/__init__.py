"""Messages that other programs are sent when something happens here: a queue, signatures, retries."""
