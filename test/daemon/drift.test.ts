// What others do to the conflist and its folder, put right by the daemon as soon as it hears of it: long before it would look anyhow.
// How soon that is, `make bench ARGS=repair` measures.

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { isJsonObject } from "../../src/sys/json.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import { conflistPath } from "../harness/headcni.ts";
import { expectAlerts, scrape } from "../monitoring/scraped.ts";
import { bootDaemon, conditionCodes, flannelNode, get, logLines, reconcilesOf, statusOf, timed } from "./daemon.ts";
import { conflistHarms, isConflist } from "./harms.ts";

const confDir = "/etc/cni/net.d";

describe("headcni-daemon puts the conflist right when somebody", () => {
  test("does one thing after the other", async () => {
    await using node = await flannelNode();
    const daemon = await bootDaemon(node);
    const right = node.read(conflistPath);
    for (const [what, harm] of conflistHarms) {
      await harm(node);
      await timed(what, () => isConflist(node, right));
    }
    const { body } = await get(node, "/metrics");
    expect(body).toMatch(/^headcni_conflist_writes_total\{reason="content"\} [3-9]$/m);
    expect(body).toMatch(/^headcni_conflist_writes_total\{reason="mode"\} 1$/m);
    await daemon.stop();
    // Lines that repeat are counted; the count comes at the end at the latest.
    const writes = logLines(daemon.output()).filter(({ msg }) => msg.startsWith(`Wrote ${conflistPath}`));
    expect(writes.reduce((sum, { repeated = 1 }) => sum + repeated, 0)).toBeGreaterThan(conflistHarms.length);
  });

  test.each([
    ["a .conf", "00-multus.conf", '{"cniVersion":"0.4.0","name":"m","type":"bridge"}'],
    ["a .conflist", "05-cilium.conflist", '{"cniVersion":"0.4.0","name":"c","plugins":[{"type":"bridge"}]}'],
    ["a .json that is broken", "09-x.json", "{ not json"],
  ])("adds %s that the runtime would prefer", async (_what, name, content) => {
    await using node = await flannelNode();
    const daemon = await bootDaemon(node);
    node.write(`${confDir}/${name}`, content);
    await timed(`moves ${name} aside`, () => !node.exists(`${confDir}/${name}`));
    expect(node.read(`${confDir}/${name}.headcni-aside`)).toBe(content);
    expect((await get(node, "/readyz")).status).toBe(200);
    await daemon.stop();
  });

  test("fights for it: the daemon slows down, says so, and calms down after", async () => {
    await using node = await flannelNode();
    const daemon = await bootDaemon(node);
    const calm = await scrape(node);
    const fighter = await node.spawn(["sh", "-c", `while :; do echo '{}' > ${conflistPath}; sleep 0.05; done`], {
      log: "/var/log/fighter",
    });
    await waitUntil("the daemon says so", async () => (await conditionCodes(node)).includes("ConflistContested"));
    expect((await get(node, "/readyz")).status).toBe(503);
    const fought = await scrape(node);
    await fighter.stop();
    await waitUntil("the last repair is done", () => node.read(conflistPath).includes("headcni0"), 10_000);
    const conflist = (await statusOf(node)).agents.node?.status.conflist;
    expect(isJsonObject(conflist) ? conflist.writes : undefined).toBeLessThan(30);
    await daemon.stop();
    await expectAlerts([
      { scrape: calm, fires: [] },
      {
        scrape: fought,
        minutes: 30,
        fires: [
          { alertname: "HeadCNINodeNotReady", node: node.name },
          { alertname: "HeadCNIConflistContested", node: node.name },
        ],
      },
    ]);
  });

  test("leaves nothing to do: an idle daemon writes nothing", async () => {
    await using node = await flannelNode();
    const daemon = await bootDaemon(node);
    const seen = () =>
      ["/etc/cni/net.d", "/run/headcni", "/var/lib/headcni"].flatMap((folder) =>
        fs.readdirSync(node.path(folder), { recursive: true, withFileTypes: true }).map((entry) => {
          const info = fs.lstatSync(`${entry.parentPath}/${entry.name}`);
          return `${entry.name} ${info.ino} ${info.mtimeMs}`;
        }),
      );
    const owners = ["config", "node", "dataplane", "node-state"];
    const counts = () => Promise.all(owners.map((agent) => reconcilesOf(node, agent)));
    const earlier = await counts();
    // Once the status is served, which leaves a file that says where.
    const before = seen();
    daemon.kill("SIGHUP");
    await waitUntil("each has looked again", async () =>
      (await counts()).every((count, at) => count > (earlier[at] ?? 0)),
    );
    expect(seen()).toEqual(before);
    await daemon.stop();
  });
});
