import { describe, expect, test } from "bun:test";
import type { JsonObject } from "../sys/json.ts";
import { isFinished, uninstallProgress } from "./uninstall-progress.ts";

function pod(nodeName: string, status: JsonObject, phase = "Pending"): JsonObject {
  return { spec: { nodeName }, status: { phase, initContainerStatuses: [status] } };
}

const daemonSet = (nodes: number): JsonObject => ({
  metadata: { generation: 1 },
  status: { observedGeneration: 1, desiredNumberScheduled: nodes },
});
const done = pod("n1", { state: { terminated: { exitCode: 0 } } }, "Running");
const left = pod("n2", {
  state: { waiting: { reason: "CrashLoopBackOff" } },
  lastState: { terminated: { exitCode: 1, message: "Left alone: the conflist\n" } },
});
const busy = pod("n3", { state: { running: {} }, lastState: { terminated: { exitCode: 5, message: "error: runs" } } });

describe("uninstallProgress()", () => {
  test("tells nodes that are done from those where something stays, and those that have not answered", () => {
    const unreachable = pod("n4", { state: { waiting: { reason: "PodInitializing" } } });
    expect(uninstallProgress(daemonSet(4), [done, left, busy, unreachable])).toEqual({
      done: ["n1"],
      left: [{ node: "n2", why: "Left alone: the conflist" }],
      pending: [
        { node: "n3", why: "error: runs" },
        { node: "n4", why: "its pod is Pending (PodInitializing): is the node reachable?" },
      ],
      nodes: 4,
    });
  });

  test.each<[string, JsonObject | undefined, readonly JsonObject[], boolean]>([
    ["before the controller has looked", { metadata: { generation: 1 }, status: {} }, [], false],
    ["without an answer on the DaemonSet", undefined, [done], false],
    ["while a pod is missing", daemonSet(2), [done], false],
    ["while one has not answered", daemonSet(2), [done, busy], false],
    ["where every node has answered", daemonSet(2), [done, left], true],
    ["without a node", daemonSet(0), [], true],
  ])("%s", (_, set, pods, isExpected) => {
    expect(isFinished(uninstallProgress(set, pods))).toBe(isExpected);
  });
});
