"""The screen: `kubectl sidecar browse`. Imported only when a screen is wanted (textual costs 200 ms).

It decides nothing and writes nothing by itself: it shows what `actions` found and hands a yes to `actions`. Nothing here ever
waits for the network: see worker.py."""
