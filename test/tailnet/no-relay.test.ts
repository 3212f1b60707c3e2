// A tailnet without a relay in reach: nodes talk where one of two can be reached by the other, and a pair behind two NATs does not, which
// its nodes say. On real programs alone: the lab plays no NATs and no relays, each of its nodes reaches each.

import { describe, expect, test } from "bun:test";
import type { DoctorDocument } from "../../src/doctor/run-checks.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import { statusOf } from "../daemon/daemon.ts";
import { headcni } from "../harness/headcni.ts";
import { allPairs, createCluster, patienceMs } from "./cluster.ts";
import { tailnets } from "./tailnets.ts";

const real = tailnets.filter(({ name }) => name === "real");

describe.each(real)("without a relay, three nodes on the $title tailnet", (kind) => {
  test("pods behind a NAT reach those in the open, those behind two NATs do not, and this is said", async () => {
    await using cluster = await createCluster(kind, {
      lans: { 2: "192.168.2.0/24", 3: "192.168.3.0/24" },
      relay: "unreachable",
    });
    const [one, two, three] = cluster.members;
    if (one === undefined || two === undefined || three === undefined) throw new Error("No members");
    await allPairs([one, two]);
    await allPairs([one, three]);
    expect(await two.pod.asks(three.pod)).toBe("");
    const sentence = "node-3 answers nothing: no direct path leads there, and the relay nowhere brings nothing back";
    const textOf = async () => {
      const { conditions } = await statusOf(two.node);
      return conditions.find(({ code }) => code === "PeersSilent")?.text ?? "";
    };
    await waitUntil("the condition says so", async () => (await textOf()).startsWith(sentence), 3 * patienceMs);
    const { stdout } = await two.node.run([headcni, "doctor", "-o", "json"], { timeoutMs: 120_000 });
    const { checks }: DoctorDocument = JSON.parse(stdout);
    const faults = checks.find(({ id }) => id === "routes-live")?.faults ?? [];
    expect(faults.map(({ code, evidence }) => `${code}: ${evidence}`)).toEqual([
      expect.stringContaining(`PeersSilent: ${sentence}`),
    ]);
    expect((await two.node.must([headcni, "mesh"])).split("\n").find((line) => line.startsWith("node-3"))).toMatch(
      / relay nowhere +- +silent /,
    );
    expect((await statusOf(one.node)).conditions).toEqual([]);
  }, 400_000);
});
