// As many sandboxes as no node has: more bytes than gRPC takes by default.

import { expect, test } from "bun:test";
import { tempRoot, testSystem } from "../../sys/testing.ts";
import { connectCri } from "./client.ts";
import { serveFakeRuntime } from "./testing.ts";

const socket = "/runtime.sock";

test("listPodSandboxIds() takes more than gRPC's default of 4 MiB", async () => {
  using root = tempRoot();
  const sandboxIds = Array.from({ length: 80_000 }, (_, index) => index.toString(16).padStart(64, "0"));
  using _runtime = await serveFakeRuntime(`${root.path}${socket}`, { sandboxIds });
  using cri = connectCri(testSystem(root), socket);
  expect((await cri.listPodSandboxIds()).size).toBe(sandboxIds.length);
});
