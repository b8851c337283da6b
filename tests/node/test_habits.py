"""What manifests do today to get an order, and what becomes of it in the native form; a proxy in front of its app. On a real kubelet.

Each test first asserts what the tool says of the workload as the API server keeps it, and that it says nothing of a harmless twin;
then that the Pods do so. All Pods are started together, before the first test.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.desk import desk_in
from tests.cluster.processes import eventually, steadily
from tests.node.habits import DRAIN, EXPORTER, FRONT, plays
from tests.node.node import Node
from tests.node.played import Played, play
from tests.node.scenes import Parts, Watched


@pytest.fixture(scope="module", autouse=True)
def played(cluster: ControlPlane, node: Node) -> Iterator[Played]:
    for image in (f"docker.io/{EXPORTER}", FRONT):
        node.add_image(image)
    with cluster.namespace("habits") as namespace, desk_in(cluster, namespace) as desk:
        yield play(desk, node, plays(Parts(node.shared)))


def begun(pod: Watched, *names: str) -> None:
    for name in names:
        pod.until(name, "begin")


# The end


def answer(address: str) -> str:
    """What the Pod's port 9090 says: a status, `refused`, or `nothing` when it is cut off or there is no such address any more."""
    asked = http.client.HTTPConnection(address, 9090, timeout=3)
    try:
        asked.request("GET", "/cgi-bin/shop")
        return str(asked.getresponse().status)
    except ConnectionRefusedError:
        return "refused"
    except (OSError, http.client.HTTPException):
        return "nothing"
    finally:
        asked.close()


def answers(address: str, seconds: float = 30) -> list[tuple[float, str]]:
    """What the port says from now until nobody is there any more, with the seconds from now."""
    begin, found = time.monotonic(), []
    while (now := time.monotonic() - begin) < seconds:
        found.append((now, answer(address)))
        if found[-1][1] == "refused":
            break
        time.sleep(0.03)  # the pace of the requests
    return found


def test_a_native_proxy_in_front_answers_for_an_app_that_has_stopped(played: Played) -> None:
    """Until the app drains first. The classic one stops with its app, and connections are refused. Of the Pods' times only
    DRAIN is known, which is theirs; a kubelet takes as long as it takes."""
    for name in ("front", "front-drained"):
        assert (played.risks(name).get("inbound-outlives-app") == "caution") is (name == "front")
    pods = {
        "classic": played("front", "classic"),
        "native": played("front"),
        "drained": played("front-drained"),
    }
    address = {}
    for form, pod in pods.items():
        begun(pod, "main", "helper")
        address[form] = str(eventually(lambda pod=pod: pod.object()["status"].get("podIP"), what="it has an address"))  # type: ignore[misc]
        eventually(lambda at=address[form]: answer(at) == "200", what=f"{form}: app and proxy answer")  # type: ignore[misc]

    about = ("endpointslices", "-l", "kubernetes.io/service-name=front-drained")

    def endpoint() -> bool:
        """Whether the Service still sends to the Pod that drains."""
        found = played.desk.cluster.get(*about, namespace=played.desk.namespace)["items"]
        ends = (
            end for one in found for end in one["endpoints"] or () if end["targetRef"]["name"] == pods["drained"].name
        )
        return any(end["conditions"]["ready"] for end in ends)

    eventually(endpoint, what="the Service sends to the Pod that will drain")
    with ThreadPoolExecutor() as threads:
        asking = {form: threads.submit(answers, address[form]) for form in pods}
        begin = time.monotonic()
        played.delete(*pods.values(), wait=False)
        eventually(lambda: not endpoint(), what="the Service does not send there any more")
        without_endpoint = time.monotonic() - begin
        was = {form: one.result() for form, one in asking.items()}

    def span(form: str) -> float:
        """For how many seconds it answered for an app that was gone."""
        bad = [at for at, answer in was[form] if answer == "502"]
        return bad[-1] - bad[0] if bad else 0.0

    assert span("native") > DRAIN / 2 > span("classic")
    gone = [at for at, answer in was["drained"] if answer == "502"]
    assert gone[0] > without_endpoint, "no new request comes by then"
    assert {was[form][0][1] for form in pods} == {"200"}


def test_a_hook_that_revokes_does_so_while_the_app_still_works(played: Played) -> None:
    assert played.risks("revokes")["pre-stop-revokes"] == "caution"
    assert "pre-stop-revokes" not in played.risks("notes")
    pod = played("revokes")
    begun(pod, "main")
    played.delete(pod)
    assert pod.at("helper", "revoke") < pod.at("main", "end") < pod.at("helper", "stopping")


def test_a_hook_that_waits_for_the_apps_end_is_needless_or_uses_up_the_grace_period(played: Played) -> None:
    sees, blind = played("hook-sees"), played("hook-blind")
    assert played.risks("hook-sees")["pre-stop-waits-for-app"] == "note"
    assert played.risks("hook-blind")["pre-stop-waits-for-app"] == "note"
    assert "pre-stop-waits-for-app" not in played.risks("notes")
    for pod in (sees, blind):
        begun(pod, "main")
    played.delete(sees, blind)
    assert sees.at("main", "end") <= sees.at("helper", "seen") <= sees.at("helper", "stopping")
    assert sees.at("helper", "stopping") - sees.at("main", "end") < 10, "its grace period has 40 s"
    assert blind.at("helper", "stopping") - blind.at("main", "stopping") > 10, "its grace period has 16 s"


def test_an_app_whose_hook_ends_the_helper_drains_without_it(played: Played) -> None:
    assert played.risks("quit-in-hook")["quit-endpoint"] == "caution"
    pod = played("quit-in-hook")
    begun(pod, "main", "helper")
    eventually(lambda: pod.status("main").get("started"), what="the app runs")
    played.delete(pod)
    assert pod.at("helper", "asked") < pod.at("main", "end")
    assert len(pod.times("helper", "begin")) == 1, "it is not started again"


# The start


def test_an_init_container_that_needs_the_helper_waits_for_ever_or_finds_it(played: Played) -> None:
    assert "init-needs-helper" in played.problems("init-needs")
    assert "init-needs-helper" not in played.problems("one-shot")
    native, classic = played("init-needs"), played("init-needs", "classic")
    native.until("setup", "reached")
    begun(native, "main")
    begun(classic, "setup")

    def waits() -> bool:
        return not classic.times("main", "begin") and "waiting" in classic.status("helper")["state"]

    steadily(waits, seconds=3, what="neither app nor helper has begun")


def test_a_helper_that_ends_when_its_work_is_done_is_started_again(played: Played) -> None:
    assert played.risks("one-shot")["one-shot-helper"] == "blocker"
    assert played.risks("may-end")["restart-policy-set"] == "blocker"
    assert not {"one-shot-helper", "restart-policy-set"} & set(played.risks("waits"))
    for name in ("one-shot", "may-end"):
        played(name).until("helper", "begin", times=2)
    assert len(played("may-end", "classic").times("helper", "begin")) == 1, "that is what somebody meant"


def test_a_client_before_the_helper_that_it_needs_does_not_find_it_and_outlives_it(played: Played) -> None:
    assert played.risks("client-first")["placed-before-need"] == "caution"
    assert "placed-before-need" not in played.risks("client-last")
    first, last = played("client-first"), played("client-last")
    first.until("client", "refused")
    last.until("client", "reached")
    for pod in (first, last):
        begun(pod, "main", "server")
    played.delete(first, last)
    assert first.at("server", "end") <= first.at("client", "stopping")
    assert last.at("client", "end") <= last.at("server", "stopping")


def test_a_post_start_hook_that_waits_holds_up_the_start_and_the_deletion(played: Played) -> None:
    assert played.risks("hook-waits")["post-start-waits"] == "caution"
    assert "post-start-waits" not in played.risks("waits")
    pod = played("hook-waits")
    begun(pod, "helper")
    steadily(lambda: not pod.times("main", "begin"), seconds=3, what="the app does not start")
    played.delete(pod, wait=False)
    steadily(
        lambda: "deletionTimestamp" in pod.object()["metadata"] and not pod.times("helper", "stopping"),
        seconds=5, what="its grace period of 1 s is over, and its container is not told to end",
    )  # fmt: skip
    (pod.shared / f"{pod.name}-let-go").touch()
    played.desk.cluster.kubectl("wait", "--for=delete", f"pod/{pod.name}", "-n", pod.namespace, "--timeout=120s")


def test_a_helper_that_ends_without_the_app_does_not_find_it_at_its_start(played: Played) -> None:
    """And mostly keeps it from ever starting: the kubelet starts the app once it has seen the helper running, and may see it in
    that moment. Of 18 Pods on an idle machine four were so lucky; on a busy one, where helpers live longer, most are."""
    assert played.risks("needs-app")["exits-without-app"] == "blocker"
    assert "exits-without-app" not in played.risks("waits")
    played("needs-app", "classic").until("helper", "found")
    for pod in played.copies("needs-app"):
        pod.until("helper", "begin", times=2)
        again = pod.times("helper", "begin")[1]
        assert not [at for at in pod.times("helper", "found") if at < again]


def test_a_loop_in_the_app_is_what_makes_it_wait_unless_a_startup_probe_does(played: Played) -> None:
    assert "keep that as long as the helper has no startupProbe" in played.text("waits", "wait-loop")
    assert "the startupProbe does that now" in played.text("waits-gated", "wait-loop")
    assert "wait-loop" not in played.risks("one-shot")
    plain, gated = played("waits"), played("waits-gated")
    begun(plain, "main")
    begun(gated, "helper")
    steadily(
        lambda: not gated.times("main", "begin"), seconds=5, what="the app does not start before the helper is ready"
    )
    for pod in (plain, gated):
        pod.write("go")
        pod.until("main", "reached")
    assert plain.at("main", "begin") < plain.at("helper", "ready") <= plain.at("main", "reached")
    assert gated.at("helper", "ready") < gated.at("main", "begin")


def test_a_startup_probe_makes_the_one_time_copy_of_a_helper_needless(played: Played) -> None:
    assert played.risks("copied")["init-copy"] == "note"
    assert "init-copy" not in played.risks("not-copied")
    played("copied").until("main", "found")
    played("not-copied").until("main", "found")
    played("not-copied", "classic").until("main", "nothing")


# Jobs


def hangs(played: Played, name: str) -> None:
    """Asserts that the classic Job goes on after its app has ended."""
    pod = played.of_job(name, "classic")
    eventually(lambda: "terminated" in pod.status("main").get("state", {}), what=f"the app of {name} has ended")
    steadily(lambda: not played.conditions(name, "classic"), seconds=3, what=f"the Job of {name} goes on")


def test_restart_policy_always_among_the_regular_containers_is_accepted_and_makes_no_sidecar(played: Played) -> None:
    assert "mis-declared-sidecar" in played.problems("mis-declared")
    assert "mis-declared-sidecar" not in played.problems("plain")
    hangs(played, "mis-declared")
    played.until_job("mis-declared", "native", "Complete")


def test_a_deadline_that_ended_a_hanging_job_is_needless(played: Played) -> None:
    assert played.risks("deadline")["needless-deadline"] == "note"
    assert "needless-deadline" not in played.risks("plain")
    played.until_job("deadline", "classic", "Failed")
    played.until_job("deadline", "native", "Complete")


def test_a_job_whose_app_crashes_before_it_ends_its_helper_never_ends(played: Played) -> None:
    assert "job-kill-switch" in played.problems("file-never-made")
    assert "job-kill-switch" not in played.problems("plain")
    hangs(played, "file-never-made")
    played.until_job("file-made", "classic", "Complete")


def test_a_native_helper_that_the_app_ends_is_started_again(played: Played) -> None:
    """By a file, which it finds again; by a call; by a signal. The Job is complete all the same."""
    ids = {"file-made-early": "sentinel-file", "quit-at-end": "quit-endpoint", "killed": "shared-pid-kill"}
    for name, id in ids.items():
        assert id in played.risks(name)
        assert id not in played.risks("plain")
        played.of_job(name).until(
            "main", "end"
        )  # when the helper has begun for the second time, or found the file again
    for name in ids:
        played.until_job(name, "native", "Complete")
