"""A server with the tools that misbehave, on standard input or with a token: HOME FOLDER [SECONDS [TOKEN_FILE]]."""

import sys
from pathlib import Path

import misbehaving_tools

from sensorium.mcp_server.access import Access
from sensorium.mcp_server.app import build_server
from sensorium.mcp_server.faces import ALL
from sensorium.mcp_server.jobs import Limits
from sensorium.mcp_server.serve import Web, serve_http
from sensorium.mcp_server.serve_stdio import serve_stdio
from sensorium.mcp_server.service import Options
from sensorium.tools.base.settings import Settings
from sensorium.tools.base.tool import Tool

if __name__ == "__main__":
    home, folder = map(Path, sys.argv[1:3])
    tools = {name: one for name, one in vars(misbehaving_tools).items() if isinstance(one, Tool)}
    limits = Limits(answer_seconds=float(sys.argv[3])) if sys.argv[3:] else Limits()
    options = Options(groups=frozenset({ALL}), limits=limits)
    server = build_server(Settings(home=home, offline=True), tools, Access.to([folder]), options)
    if sys.argv[4:]:
        serve_http(server, Web(host="127.0.0.1", port=0, token_file=Path(sys.argv[4])))
    else:
        serve_stdio(server)
