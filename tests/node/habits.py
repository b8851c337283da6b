"""Plays of what manifests do today to get an order, and of what stands in front of an app: the Pods of test_habits.py.

Helpers serve port 9090 and apps port 8080, both by busybox' httpd. Where something happens only when a helper has been started
again, the app works until then.
"""

from __future__ import annotations

from typing import Any

from tests.node.image import IMAGE
from tests.node.manifests import RECORD, REST, Form, Manifest, draining, ending, once, recording
from tests.node.played import Play
from tests.node.scenes import Parts

BOTH: tuple[Form, ...] = ("classic", "native")
DATA = {"name": "data", "emptyDir": {}}
EXPORTER = "nginx/nginx-prometheus-exporter:0.11.0"
"""An image whose recipe knows an option by which it needs the app."""
FRONT = "registry.example.com/front:1"
"""An image that no recipe knows; busybox itself is known as a shell for debugging."""


def asks(port: int) -> str:
    return f"wget -qO /dev/null http://localhost:{port}/etc/hosts"


def serves(port: int) -> dict[str, Any]:
    return {"ports": [{"containerPort": port}]}


def sharing(made: Manifest) -> Manifest:
    """The container with the Pod's own empty volume as well."""
    return {**made, "volumeMounts": [*made["volumeMounts"], {"name": "data", "mountPath": "/data"}]}


def on_stop(script: str, *, record: bool = True) -> dict[str, Any]:
    """A preStop hook."""
    return {"lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", (RECORD if record else "") + script]}}}}


def works(script: str, helper: str = "helper", event: str = "begin") -> str:
    """Does this, and is at work until the helper that ended has done what it does once more."""
    return recording(f"{script}\n{once(helper, event, times=2)}record end")


def job_plays(p: Parts) -> dict[str, Play]:
    def job(*containers: Manifest, forms: tuple[Form, ...] = BOTH, job: Manifest | None = None, **spec: Any) -> Play:
        helpers = tuple(c["name"] for c in containers[1:])
        return Play(p.spec(*containers, restartPolicy="Never", **spec), forms, helpers, job=job or {})

    waits_for_file = sharing(p.helper(recording("until test -f /data/done; do sleep 0.2; done\nrecord done")))
    crash = sharing(p.main(recording("sleep 1\nrecord crash\nexit 1\ntouch /data/done")))
    touch = "sleep 1\ntouch /data/done"
    done = sharing(p.main(recording(f"{touch}\nrecord end")))
    done_early = sharing(p.main(works(touch, event="done")))
    waits_for_call = "trap 'exit 0' TERM\nnc -l -p 9090 </dev/null >/dev/null & wait $!\nrecord asked"
    calls = "sleep 2\nwget -qO /dev/null http://localhost:9090/quitquitquit"
    short = p.main(recording("sleep 2\nrecord end"))
    return {
        "plain": job(short, p.helper()),
        "deadline": job(short, p.helper(), job={"activeDeadlineSeconds": 60}),
        "mis-declared": job(short, p.helper(restartPolicy="Always")),
        "file-never-made": job(crash, waits_for_file, volumes=[DATA], forms=("classic",)),
        "file-made": job(done, waits_for_file, volumes=[DATA], forms=("classic",)),
        "file-made-early": job(done_early, waits_for_file, volumes=[DATA], forms=("native",)),
        "quit-at-end": job(p.main(works(calls)), p.helper(recording(waits_for_call), **serves(9090)), forms=("native",)),
        # killed by the program's name, which is the container's as well
        "killed": job(
            p.main(works("sleep 2\nkillall httpd", "httpd")), p.helper(recording("exec httpd -f -p 9090"), name="httpd", **serves(9090)),
            forms=("native",), shareProcessNamespace=True,
        ),
    }  # fmt: skip


def start_plays(p: Parts) -> dict[str, Play]:
    # it writes nothing down: the plan would take the shared folder for something that the init container writes for it
    serving = {**p.helper("exec httpd -f -p 9090", **serves(9090)), "volumeMounts": []}
    late = recording(once("test", "go") + "httpd -p 9090\nrecord ready\n" + REST)
    probe: Manifest = {"startupProbe": {"tcpSocket": {"port": 9090}, "periodSeconds": 1, "failureThreshold": 600}}
    waits = p.main(recording(f"until {asks(9090)}; do sleep 0.2; done\nrecord reached\n{REST}"))
    client = p.helper(recording(f"{asks(9090)} && record reached || record refused\n") + draining(1), name="client")
    server = p.helper("httpd -p 9090\n" + draining(1), name="server", **serves(9090))
    pair = p.spec(p.main(), client, server, terminationGracePeriodSeconds=20)
    # nobody in the Pod makes what it waits for
    hook = {"postStart": {"exec": {"command": ["sh", "-c", "until test -e /gate/$POD-let-go; do sleep 0.5; done"]}}}
    gated = p.helper(lifecycle=hook)
    gated["volumeMounts"] = [*gated["volumeMounts"], {"name": "gate", "mountPath": "/gate", "readOnly": True}]
    gate = {"name": "gate", "hostPath": {"path": str(p.shared), "type": "Directory"}}
    needs_init = p.helper(recording(f"until {asks(9090)}; do sleep 0.2; done\nrecord reached"), name="setup")
    ends = recording("sleep 2\nexit 0")
    told: Manifest = {"command": ["sh", "-c", ends, "--once"]}
    scrape: Manifest = {"image": EXPORTER, "args": ["-nginx.scrape-uri=http://localhost:8080/status"]}
    depends = p.helper(recording(f"{asks(8080)} || exit 1\nrecord found\n{REST}"), **scrape)
    web = p.main("httpd -p 8080\n" + draining(0), **serves(8080))
    sync = "sleep 2\necho again >/data/content\nrecord synced\ntouch /tmp/ready\n" + REST
    ready = {"exec": {"command": ["test", "-e", "/tmp/ready"]}, "periodSeconds": 1, "failureThreshold": 30}
    synced = sharing(p.helper(recording(sync), startupProbe=ready))
    copy = sharing(p.helper(recording("echo once >/data/content"), name="copy"))
    looks = sharing(p.main(recording("test -s /data/content && record found || record nothing\n" + REST)))
    return {
        "init-needs": Play(p.spec(p.main(), serving, init=[needs_init]), BOTH),
        "one-shot": Play(p.spec(p.main(), p.helper(**told))),
        "may-end": Play(p.spec(p.main(), p.helper(ends, restartPolicy="Never")), BOTH),
        "client-first": Play(pair, helpers=("client", "server"), place={"client": "before:server"}),
        "client-last": Play(pair, helpers=("client", "server"), place={"client": "after:server"}),
        "hook-waits": Play(p.spec(p.main(), gated, volumes=[gate], terminationGracePeriodSeconds=1)),
        "needs-app": Play(p.spec(web, depends), BOTH, copies=4),
        "waits": Play(p.spec(waits, p.helper(late, **serves(9090)))),
        "waits-gated": Play(p.spec(waits, p.helper(late, **serves(9090), **probe))),
        "copied": Play(p.spec(looks, synced, init=[copy], volumes=[DATA])),
        "not-copied": Play(p.spec(looks, synced, volumes=[DATA]), BOTH),
    }


# Answers for the app behind it, or says 502
PROXY = f"""
mkdir -p /tmp/www/cgi-bin
cat >/tmp/www/cgi-bin/shop <<'END'
#!/bin/sh
if {asks(8080)}; then printf 'Status: 200 OK\\r\\n\\r\\nwell\\n'; else printf 'Status: 502 Bad Gateway\\r\\n\\r\\ngone\\n'; fi
END
chmod 755 /tmp/www/cgi-bin/shop
httpd -p 9090 -h /tmp/www
"""
DRAIN = 6
# Takes no more requests from SIGTERM on, as a server does that ends well, and needs some seconds for those that it has
CLOSES = "httpd -p 8080\n" + ending("killall httpd", f"sleep {DRAIN}")


def stop_plays(p: Parts) -> dict[str, Play]:
    def fronted(name: str, **main: Any) -> Play:
        service = {
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 9090}]},
        }  # fmt: skip
        proxy = p.helper(PROXY + draining(0), image=FRONT, **serves(9090))
        spec = p.spec(p.main(CLOSES, **serves(8080), **main), proxy, terminationGracePeriodSeconds=40)
        return Play(spec, BOTH, around=(service,))

    def hooked(script: str, app: str, grace: int = 40) -> Play:
        helper = p.helper(**on_stop(script))
        return Play(p.spec(p.main(app, **serves(8080)), helper, terminationGracePeriodSeconds=grace))

    web = "httpd -p 8080\n" + draining(1)
    asked = recording("nc -l -p 9090 </dev/null >/dev/null & wait $!\nrecord asked")
    call = on_stop("wget -qO /dev/null http://localhost:9090/quitquitquit", record=False)
    app = p.main(ending(once("helper", "asked")), **call)
    quits = p.spec(app, p.helper(asked, **serves(9090)), terminationGracePeriodSeconds=40)
    return {
        "front": fronted("front"),
        "front-drained": fronted("front-drained", lifecycle={"preStop": {"sleep": {"seconds": DRAIN}}}),
        "revokes": hooked("record revoke", ending(once("helper", "revoke"))),
        "notes": hooked("record note", draining(0)),
        "hook-sees": hooked(f"while {asks(8080)}; do sleep 0.2; done\nrecord seen", web),
        "hook-blind": hooked("while pidof sh >/dev/null; do sleep 0.2; done", web, grace=16),
        "quit-in-hook": Play(quits),
    }


def plays(p: Parts) -> dict[str, Play]:
    """All of them, by name."""
    assert p.main()["image"] == IMAGE
    return {**job_plays(p), **start_plays(p), **stop_plays(p)}
