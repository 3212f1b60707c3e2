// Two sockets of one node: a runtime of Kubernetes', and another program's.

import { describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { type TempRoot, tempRoot, testSystem } from "../sys/testing.ts";
import { askRuntimes } from "./ask-runtimes.ts";
import { type FakeRuntime, type FakeRuntimeState, serveFakeRuntime } from "./cri/testing.ts";
import { nodeRuntimes, runtimeStatuses } from "./node-runtimes.ts";

const docker = "/run/containerd/containerd.sock";
const k3s = "/run/k3s/containerd/containerd.sock";

async function serve(root: TempRoot, socket: string, state: Partial<FakeRuntimeState>): Promise<FakeRuntime> {
  mkdirSync(dirname(`${root.path}${socket}`), { recursive: true });
  return await serveFakeRuntime(`${root.path}${socket}`, { sandboxIds: [], ...state });
}

const ask = (root: TempRoot) => askRuntimes(nodeRuntimes(testSystem(root)));
const sockets = async (root: TempRoot) => (await runtimeStatuses(testSystem(root))).map(({ socket }) => socket);

describe("a containerd that serves no CRI, as Docker's,", () => {
  test("is passed over beside a runtime that has pods", async () => {
    using root = tempRoot();
    using _docker = await serve(root, docker, { hasNoCri: true });
    using _k3s = await serve(root, k3s, { sandboxIds: ["a"] });
    expect(await ask(root)).toEqual({ kind: "answered", ids: new Set(["a"]), asked: [k3s] });
    expect(await sockets(root)).toEqual([k3s]);
  });

  test("answers for no other one that does not", async () => {
    using root = tempRoot();
    using _docker = await serve(root, docker, { hasNoCri: true });
    using _k3s = await serve(root, k3s, { failure: "database not open" });
    expect(await ask(root)).toMatchObject({ kind: "unanswered", runtime: k3s, isDeserted: false });
    await expect(sockets(root)).rejects.toMatchObject({ message: expect.stringContaining("database not open") });
  });

  test("says so where it is alone: the CRI of the node's runtime may be turned off", async () => {
    using root = tempRoot();
    using _docker = await serve(root, docker, { hasNoCri: true });
    const why = expect.stringContaining("it does not serve CRI v1");
    expect(await ask(root)).toEqual({ kind: "unanswered", why, runtime: docker, isDeserted: false });
    await expect(sockets(root)).rejects.toMatchObject({ message: why });
  });
});

test("askRuntimes() tells a socket that no process serves from one whose process says nothing of use", async () => {
  using root = tempRoot();
  root.write(docker, "");
  expect(await ask(root)).toMatchObject({ kind: "unanswered", runtime: docker, isDeserted: true });
  using mute = tempRoot();
  mkdirSync(dirname(`${mute.path}${docker}`), { recursive: true });
  using _server = Bun.listen({
    unix: `${mute.path}${docker}`,
    socket: { data: (socket) => void socket.end("no gRPC\n") },
  });
  expect(await ask(mute)).toMatchObject({ kind: "unanswered", runtime: docker, isDeserted: false });
});
