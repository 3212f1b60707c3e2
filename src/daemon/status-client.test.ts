import { describe, expect, test } from "bun:test";
import { type HttpServer, tryServeHttp } from "../sys/net/http-server.ts";
import { lockFile } from "./instance-lock.ts";
import { nodeStatus } from "./status-client.ts";
import { fakeNode } from "./testing.ts";

/** Serves the status of a daemon whose process id is 42. */
function serve(): HttpServer {
  using node = fakeNode();
  const document = node.start().document();
  const served = tryServeHttp({
    host: "127.0.0.1",
    port: 0,
    answer: async () => Response.json(document),
    failed: () => new Response(null, { status: 500 }),
  });
  if (served.kind === "fault") throw new Error(served.why);
  return served.value;
}

describe("nodeStatus(), where the configuration names an address on which a daemon answers,", () => {
  test.each([
    ["that is this node's: takes it", "42\n", undefined],
    ["and this node's has left no trace: takes it", undefined, undefined],
    [
      "that is of another root: refuses it",
      "7\n",
      "another one answers there (process 42), not this node's (process 7)",
    ],
  ])("%s", async (_, holder, refusal) => {
    using node = fakeNode();
    const server = serve();
    node.root.write("/etc/headcni/config.yaml", `monitoring: {listen: "${server.address}"}\n`);
    if (holder !== undefined) node.root.write(lockFile, holder);
    const asked = nodeStatus(node.system, {});
    if (refusal === undefined) expect((await asked).pid).toBe(42);
    else await expect(asked).rejects.toThrow(refusal);
    expect((await nodeStatus(node.system, { address: server.address })).pid).toBe(42);
    await server.stop();
  });
});

test("nodeStatus() asks where a configuration says whose ranges conflict: a daemon runs on with it", async () => {
  using node = fakeNode();
  const server = serve();
  const nodes = "{a: 10.77.1.0/24, b: 10.77.2.0/24, c: 10.77.2.0/24}";
  const config = `monitoring: {listen: "${server.address}"}\nnetwork: {podCIDR: {nodeLocal: ${nodes}}}\n`;
  node.root.write("/etc/headcni/config.yaml", config);
  expect((await nodeStatus(node.system, {})).pid).toBe(42);
  await server.stop();
});
