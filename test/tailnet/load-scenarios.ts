// What pods send: single packets up to the MTU and over it, a stream, and many pods at once.

import { expect } from "bun:test";
import { waitUntil } from "../../src/sys/testing.ts";
import { addPod } from "../daemon/pods.ts";
import { checkout, type Node } from "../harness/node.ts";
import { addressIn, nodeAsks } from "../harness/tailnet/who.ts";
import { allPairs, type Member, patienceMs, podPairs } from "./cluster.ts";
import { both, type Scenario } from "./scenario.ts";

const bun = `${checkout}/node_modules/.bin/bun`;
const inPod = (name: string): readonly string[] => ["ip", "netns", "exec", name];

export const firstScenarios: readonly Scenario[] = [
  {
    name: "pods and nodes are seen with their own addresses, in both families",
    on: both,
    play: async ({ members }) => {
      await allPairs(members);
      await podPairs(
        members.map(({ pod }) => pod),
        true,
      );
      for (const [at, { node }] of members.entries()) {
        const to = members[(at + 1) % members.length]?.pod ?? members[0].pod;
        expect(await nodeAsks(node, to)).toMatch(/^100\.64\.0\./);
        expect(await nodeAsks(node, { address: to.addressV6 })).toMatch(/^fd7a:115c:a1e0::/);
      }
    },
  },
  {
    name: "packets of the MTU pass whole, larger ones are refused where they begin, and a stream arrives as it was sent",
    on: both,
    play: async ({ members }) => {
      const [one, two] = members;
      await allPairs(members);
      const probe = [...inPod(one.pod.name), bun, `${checkout}/test/harness/tailnet/df-ping.ts`];
      expect((await one.node.must([...probe, two.pod.address, "1252", "1253", "1400"])).trim().split("\n")).toEqual([
        "1252 answered",
        "1253 refused",
        "1400 refused",
      ]);
      const received = "/tmp/received";
      const listen = ["busybox", "nc", "-l", "-p", "9000", "-e", "sh", "-c", `cat > ${received}`];
      const receiver = await two.node.spawn([...inPod(two.pod.name), ...listen], { log: "/var/log/receiver.log" });
      await one.node.must(["sh", "-c", "head -c 20000000 /dev/urandom > /tmp/sent"]);
      const send = `${inPod(one.pod.name).join(" ")} busybox nc -w 10 ${two.pod.address} 9000 < /tmp/sent`;
      await waitUntil(
        "it listens",
        async () => (await one.node.run(["sh", "-c", send], { timeoutMs: 60_000 })).exitCode === 0,
        patienceMs,
      );
      await receiver.exited;
      const sum = async ({ node }: Member, path: string): Promise<string> =>
        (await node.must(["sha256sum", path])).split(" ")[0] ?? "";
      expect(await sum(two, received)).toBe(await sum(one, "/tmp/sent"));
    },
  },
];

/** Last: its pods are not taken away again. */
export const lastScenarios: readonly Scenario[] = [
  {
    name: "a hundred pods on three nodes reach each other's",
    on: both,
    play: async ({ members }) => {
      const fleets = await Promise.all(members.map(({ node }, at) => startFleet(node, at === 0 ? 34 : 33)));
      await Promise.all(
        members.map(async ({ node }, at) => {
          const own = fleets[at] ?? [];
          expect(await askAll(node, partnersOf(fleets, at))).toEqual(own);
        }),
      );
    },
  },
];

/** Pods `many1` and so on, each with a server; gives their addresses. */
async function startFleet(node: Node, count: number): Promise<readonly string[]> {
  const addresses: string[] = [];
  for (let number = 1; number <= count; number++) {
    const [address = ""] = (await addPod(node, `many${number}`)).split("/");
    addresses.push(address);
  }
  const serve = `for i in $(seq ${count}); do ip netns exec many$i busybox httpd -p 8080 -h /srv/who; done`;
  await node.must(["sh", "-ec", serve]);
  return addresses;
}

/** One for each pod of a fleet, in turn from the next fleet and the one after it: each pod asks, and each is asked. */
function partnersOf(fleets: readonly (readonly string[])[], at: number): readonly string[] {
  return (fleets[at] ?? []).map((_, index) => {
    const fleet = fleets[(at + 1 + (index % 2)) % fleets.length] ?? [];
    return fleet[index % fleet.length] ?? "";
  });
}

/** @param targets one for each pod @returns which address each target saw, in order; "" where none answered */
async function askAll(node: Node, targets: readonly string[]): Promise<readonly string[]> {
  const lines = targets.map((target, index) => {
    const nc = `nsenter --net=/run/netns/many${index + 1} busybox nc -w 10 ${target} 8080`;
    return `printf 'GET /cgi-bin/who HTTP/1.0\\r\\n\\r\\n' | ${nc}; echo "|"`;
  });
  const answers = (await node.must(["sh", "-c", lines.join("\n")], { timeoutMs: 120_000 })).split("|\n");
  return answers.slice(0, targets.length).map(addressIn);
}
