"""The reference page (`server.docs`): the OpenAPI document as one HTML page for people who write clients.

It reads the document and nothing else. It is loaded only where it is switched on, since reading Markdown costs memory.
"""
