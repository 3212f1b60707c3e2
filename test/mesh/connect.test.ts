// What a connect says of routes and firewalls, of a real kernel: a missing route must never look like an answer.

import { expect, test } from "bun:test";
import { checkout, createNode } from "../harness/node.ts";

test("tryConnect() tells silence, a missing route and a missing address from an answer", async () => {
  await using node = await createNode();
  const setUp = `
    ip link add pods type bridge && ip addr add 10.1.0.1/24 dev pods && ip link set pods up
    ip link add lan type bridge && ip addr add 10.2.0.1/24 dev lan && ip link set lan up
    ip route add blackhole 10.3.0.0/24 && ip route add unreachable 10.4.0.0/24 && ip route add prohibit 10.5.0.0/24
    nft 'table ip t { chain c { type filter hook input priority 0; ip daddr 10.2.0.6 drop; ip daddr 10.2.0.7 reject; }; }'
    ip addr add 10.2.0.6/24 dev lan && ip addr add 10.2.0.7/24 dev lan
    nft 'table ip u { chain c { type filter hook output priority 0; ip daddr 10.2.0.8 drop; }; }'
    ip addr add 10.2.0.8/24 dev lan`;
  await node.must(["sh", "-ec", setUp]);
  const connect = async (from: string, ...to: string[]): Promise<string[]> => {
    const argv = [`${checkout}/node_modules/.bin/bun`, `${checkout}/test/mesh/connect-all.ts`, from, ...to];
    return (await node.must(argv)).trim().split("\n");
  };
  expect(
    await connect(
      "10.1.0.1",
      ...["10.2.0.1", "10.3.0.1", "10.4.0.1", "10.5.0.1", "198.51.100.1", "10.2.0.6", "10.2.0.7", "10.2.0.8"],
    ),
  ).toEqual([
    "10.2.0.1 answered",
    "10.3.0.1 no-route",
    "10.4.0.1 no-route",
    "10.5.0.1 no-route",
    "198.51.100.1 no-route",
    "10.2.0.6 silent",
    // A firewall that says no by ICMP is answered as "nothing listens there" is.
    "10.2.0.7 answered",
    "10.2.0.8 silent",
  ]);
  expect(await connect("10.9.0.1", "10.2.0.1")).toEqual(["10.2.0.1 no-local-address"]);
}, 60_000);
