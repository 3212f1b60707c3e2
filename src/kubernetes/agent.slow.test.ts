// The daemon with the Node object as a source: a fake API server over TLS, a node that is a directory.

import { describe, expect, test } from "bun:test";
import { type FakeNode, fakeNode } from "../daemon/testing.ts";
import { keptNodeObjectFile } from "../node-state/kept-node-object.ts";
import { createSystem } from "../sys/system.ts";
import { waitUntil } from "../sys/testing.ts";
import { type FakeApiServer, fakeApiServer } from "./testing.ts";

const enabled = "network: {podCIDR: {nodeObject: {enabled: true}}}\n";

/** What the conflist hands out. */
function subnet({ root }: FakeNode): string | undefined {
  const path = "/etc/cni/net.d/10-headcni.conflist";
  return root.exists(path) ? JSON.parse(root.read(path)).plugins[0].ipam.subnet : undefined;
}

/** A daemon of a pod on the node, whose requests go out for real. */
function startAsPod(node: FakeNode, server: FakeApiServer) {
  const { http } = createSystem({ root: node.root.path });
  const env = server.mount(node.root, "token-1");
  return node.start({ env, http });
}

function clusterOf(podCIDR: string): FakeApiServer {
  const server = fakeApiServer();
  server.tokens.add("token-1");
  server.nodes.set("node-1", { podCIDR, podCIDRs: [podCIDR] });
  return server;
}

test("takes the Node object's PodCIDR, and needs no API server at the next start", async () => {
  await using server = clusterOf("10.9.1.0/24");
  using node = fakeNode();
  node.root.write("/etc/headcni/config.yaml", enabled);
  const daemon = startAsPod(node, server);
  await daemon.reconcile();
  await daemon.reconcile();
  expect(subnet(node)).toBe("10.9.1.0/24");
  expect(daemon.status("kubernetes")).toEqual({
    nodeObject: {
      state: "assigned",
      why: null,
      podCIDRs: ["10.9.1.0/24"],
      server: server.origin,
      fetchedAt: "2026-01-01T00:00:00.000Z",
    },
  });
  expect(daemon.status("node")).toMatchObject({ podCIDR: { source: "file", file: keptNodeObjectFile } });

  server.answer = { status: 401, body: {} };
  node.root.write("/var/lib/headcni/node.json", "lost");
  node.root.write("/etc/cni/net.d/10-headcni.conflist", "lost");
  const next = startAsPod(node, server);
  await next.reconcile();
  expect(subnet(node)).toBe("10.9.1.0/24");
  const told = next.document().conditions.find(({ code }) => code === "NodeObjectRefused")?.text;
  expect(told).toContain("What was fetched at 2026-01-01T00:00:00.000Z goes on counting, 10.9.1.0/24");
});

test("goes on with the chain while the API server is out of reach, and says so", async () => {
  await using server = clusterOf("10.9.1.0/24");
  server.answer = { status: 403, body: { message: "forbidden" } };
  using node = fakeNode();
  node.root.write("/etc/headcni/config.yaml", enabled);
  const daemon = startAsPod(node, server);
  await daemon.reconcile();
  expect(subnet(node)).toBe("10.244.0.0/24");
  expect(node.codes()).toContain("NodeObjectRefused");
  server.answer = undefined;
  await daemon.reconcile();
  await daemon.reconcile();
  expect(subnet(node)).toBe("10.9.1.0/24");
  expect(node.codes()).not.toContain("NodeObjectRefused");
});

test("lets local files and the operator go first, and says that the Node object has another range", async () => {
  await using server = clusterOf("10.9.1.0/24");
  using node = fakeNode();
  node.root.write("/etc/headcni/config.yaml", enabled);
  node.root.write("/run/flannel/subnet.env", "FLANNEL_SUBNET=10.9.7.1/24\n");
  const daemon = startAsPod(node, server);
  await daemon.reconcile();
  await daemon.reconcile();
  expect(subnet(node)).toBe("10.9.7.0/24");
  const told = daemon.document().conditions.find(({ code }) => code === "NodeObjectDiffers")?.text;
  expect(told).toStartWith(
    "This node's pods have 10.9.7.0/24, from file /run/flannel/subnet.env, line 1; its Node object says 10.9.1.0/24.",
  );
});

test("asks nothing unless the configuration says so, and forgets what it has when that is turned off", async () => {
  await using server = clusterOf("10.9.1.0/24");
  using node = fakeNode();
  await startAsPod(node, server).reconcile();
  expect(server.requests).toEqual([]);
  node.root.write("/etc/headcni/config.yaml", enabled);
  await startAsPod(node, server).reconcile();
  expect(node.root.exists(keptNodeObjectFile)).toBe(true);
  node.root.write("/etc/headcni/config.yaml", "{}\n");
  await startAsPod(node, server).reconcile();
  expect(node.root.exists(keptNodeObjectFile)).toBe(false);
});

describe("a node of which nothing but a guess is known", () => {
  test.each<[string, FakeApiServer["answer"]]>([
    ["that is not there yet", { status: 404, body: {} }],
    ["of a server in trouble", { status: 503, body: {} }],
  ])("waits for a Node object %s", async (_, answer) => {
    await using server = clusterOf("10.9.1.0/24");
    server.answer = answer;
    using node = fakeNode();
    node.root.write("/etc/headcni/config.yaml", enabled);
    const daemon = startAsPod(node, server);
    const first = daemon.reconcile();
    await waitUntil("it has asked", () => server.requests.length > 0);
    await waitUntil("it waits", () => node.log.entries.some(({ message }) => message.startsWith("Waiting up to 30 s")));
    expect(subnet(node)).toBeUndefined();
    server.answer = undefined;
    await waitUntil("it has asked again", async () => {
      await node.clock.advance(1000);
      return server.requests.length > 1;
    });
    await first;
    expect(subnet(node)).toBe("10.9.1.0/24");
    expect(node.codes()).not.toContain("PodCIDRNotAuthoritative");
  });

  test("goes on with the guess when the time is over", async () => {
    await using server = clusterOf("10.9.1.0/24");
    server.answer = { status: 503, body: {} };
    using node = fakeNode();
    node.root.write("/etc/headcni/config.yaml", enabled);
    let isDone = false;
    const first = startAsPod(node, server)
      .reconcile()
      .then(() => {
        isDone = true;
      });
    let passedMs = 0;
    await waitUntil("it goes on", async () => {
      await node.clock.advance(500);
      passedMs += 500;
      return isDone || passedMs > 120_000;
    });
    await first;
    expect(subnet(node)).toBe("10.244.0.0/24");
  });
});
