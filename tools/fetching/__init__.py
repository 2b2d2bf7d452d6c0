"""Fetching over http(s): which addresses may be dialled, the transport that keeps to it, and what pages hold."""
