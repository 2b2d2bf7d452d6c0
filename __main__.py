"""`python -m sensorium`."""

from .agent.cli import main

raise SystemExit(main())
