import { expect, test } from "bun:test";
import { realClock } from "../../sys/clock.ts";
import { tempRoot, testSystem } from "../../sys/testing.ts";
import { connectCri } from "./client.ts";
import { ListPodSandboxRequest, ListPodSandboxResponse } from "./pod-sandbox-list.ts";
import { serveFakeRuntime } from "./testing.ts";
import { createCriTransport } from "./transport.ts";

const socket = "/runtime.sock";

test("connectCri() finds the socket under the root and reads what the runtime says", async () => {
  using root = tempRoot();
  using runtime = await serveFakeRuntime(`${root.path}${socket}`, { sandboxIds: ["a", "b", "ü"] });
  using cri = connectCri(testSystem(root), socket);
  expect(await cri.listPodSandboxIds()).toEqual(new Set(["a", "b", "ü"]));
  runtime.state.sandboxIds = [];
  expect(await cri.listPodSandboxIds()).toEqual(new Set());
});

test("listPodSandboxIds() says that nothing answers when there is no socket", async () => {
  using root = tempRoot();
  using cri = connectCri(testSystem(root), socket);
  await expect(cri.listPodSandboxIds()).rejects.toMatchObject({
    code: "HC_CRI_UNREACHABLE",
    message: `Cannot ask the container runtime at ${root.path}${socket}: nothing answers there`,
    hint: "check that containerd or CRI-O runs on this node",
  });
});

test("listPodSandboxIds() passes on the runtime's own words", async () => {
  using root = tempRoot();
  using _runtime = await serveFakeRuntime(`${root.path}${socket}`, { sandboxIds: [], failure: "database not open" });
  using cri = connectCri(testSystem(root), socket);
  await expect(cri.listPodSandboxIds()).rejects.toMatchObject({
    code: "HC_CRI_FAILED",
    message: "The container runtime refused ListPodSandbox: database not open",
  });
});

test("createCriTransport() gives up at the deadline, and names a service that is not CRI", async () => {
  using root = tempRoot();
  using _runtime = await serveFakeRuntime(`${root.path}${socket}`, { sandboxIds: [], isHanging: true });
  const transport = createCriTransport(`${root.path}${socket}`, realClock);
  const method = { name: "ListPodSandbox", request: ListPodSandboxRequest, response: ListPodSandboxResponse };
  await expect(transport.call(method, {}, 50)).rejects.toMatchObject({
    code: "HC_CRI_UNREACHABLE",
    message: expect.stringContaining("ListPodSandbox was not answered in time"),
  });
  await expect(transport.call({ ...method, name: "Nonsense" }, {})).rejects.toMatchObject({
    code: "HC_CRI_FAILED",
    message: expect.stringContaining("does not serve CRI v1"),
  });
  transport.close();
});

test("status() says what is not ready, and where the runtime reads configurations", async () => {
  using root = tempRoot();
  using runtime = await serveFakeRuntime(`${root.path}${socket}`, { sandboxIds: [] });
  using cri = connectCri(testSystem(root), socket);
  expect(await cri.status()).toEqual({ notReady: [], confDir: undefined, loadFailure: undefined });
  Object.assign(runtime.state, { networkFault: "cni plugin not initialized", confDir: "/etc/cni/net.d" });
  expect(await cri.status()).toEqual({
    notReady: ["NetworkReady is false: cni plugin not initialized"],
    confDir: "/etc/cni/net.d",
    loadFailure: "cni plugin not initialized",
  });
});
