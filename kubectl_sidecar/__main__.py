"""`python -m kubectl_sidecar`: the same as the `kubectl-sidecar` command."""

from kubectl_sidecar.cli.main import main

if __name__ == "__main__":
    main()
