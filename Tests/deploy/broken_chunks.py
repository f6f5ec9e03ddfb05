"""Chunked bodies that two readers may take for different messages; Tests/acceptance sends them straight to the service,
Tests/deploy through each proxy. Each adds what only it can judge."""

BROKEN_CHUNKS = [
    b"0\r\n\r\n\0",
    b"1\r\nZZ\r\n0\r\n\r\n",
    b"1;\r\nZ\r\n0\r\n\r\n",
    b"0x1\r\nZ\r\n0\r\n\r\n",
    b"1\nZ\r\n0\r\n\r\n",
    b"1\r\nZ\n0\r\n\r\n",
    b"ffffffffffffffff1\r\n",
    b"1 \r\nZ\r\n",
    b"0\r\nX : y\r\n\r\n",
    b"0\n\r\n",
    b'1;a="\r\nZ\r\n0\r\n\r\n',
]
