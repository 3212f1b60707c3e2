// Waiting for the nodes of an uninstall, against an API server over TLS.

import { expect, test } from "bun:test";
import { tempRoot, testSystem } from "../sys/testing.ts";
import { awaitUninstall } from "./await-uninstall.ts";
import { fakeApiServer } from "./testing.ts";

const options = { namespace: "kube-system", timeoutMs: 0, thenDelete: "headcni-tailscaled" };
const path = "/apis/apps/v1/namespaces/kube-system/daemonsets";

test("awaitUninstall() asks for the DaemonSet and its pods, and deletes tailscaled's at the end", async () => {
  await using server = fakeApiServer();
  using root = tempRoot();
  const system = testSystem(root, { env: server.mount(root, "token") });
  server.answer = {
    status: 200,
    body: {
      metadata: { generation: 1 },
      status: { observedGeneration: 1, desiredNumberScheduled: 1 },
      items: [
        {
          spec: { nodeName: "n1" },
          status: { initContainerStatuses: [{ state: { terminated: { exitCode: 0 } } }] },
        },
      ],
    },
  };
  expect(await awaitUninstall(system, options)).toMatchObject({ done: ["n1"], left: [], pending: [], nodes: 1 });
  expect(server.requests).toEqual([
    `GET ${path}/headcni-uninstall`,
    "GET /api/v1/namespaces/kube-system/pods",
    `DELETE ${path}/headcni-tailscaled`,
  ]);
});

test("awaitUninstall() says what the API server refuses", async () => {
  await using server = fakeApiServer();
  using root = tempRoot();
  const system = testSystem(root, { env: server.mount(root, "token") });
  server.answer = { status: 403, body: {} };
  await expect(awaitUninstall(system, options)).rejects.toMatchObject({
    code: "HC_API_SERVER",
    message: `Cannot wait for the nodes: GET ${path}/headcni-uninstall was answered with 403`,
  });
  await expect(awaitUninstall(testSystem(root), options)).rejects.toMatchObject({ code: "HC_API_SERVER" });
});
