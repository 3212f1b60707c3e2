// Networks of a node for tests, in the words of `ip`: `10.0.0.7/24 dev eth0`, `10.0.0.0/8 via 10.0.0.1 dev eth0 proto static`.

import { tryParseAddr } from "../../cidr/addr.ts";
import { parsePrefix } from "../../cidr/prefix.ts";
import type { Networks } from "../../kernel/networks.ts";
import type { Route } from "../../kernel/routes.ts";

/** @param ports by name of the bridge they are on */
export function networksOf(
  addresses: readonly string[],
  routes: readonly string[] = [],
  ports: Readonly<Record<string, readonly string[]>> = {},
): Networks {
  const parsed = addresses.map((text) => {
    const [address = "", , device = ""] = text.split(" ");
    return { device, address: parsePrefix(address), scope: "global" };
  });
  const devices = Object.entries(ports).flatMap(([master, names]) =>
    names.map((name) => ({ name, mtuBytes: 1500, master, addresses: [] })),
  );
  return { kind: "known", devices, addresses: parsed, routes: routes.map(toRoute) };
}

function toRoute(text: string): Route {
  const words = text.split(" ");
  const types = ["blackhole", "unreachable", "prohibit", "throw", "local", "broadcast", "multicast"];
  const type = types.includes(words[0] ?? "") ? words.shift() : undefined;
  const after = (word: string): string | undefined =>
    words.includes(word) ? words[words.indexOf(word) + 1] : undefined;
  const via = after("via");
  return {
    destination: parsePrefix(words[0] ?? ""),
    device: after("dev"),
    via: via === undefined ? undefined : tryParseAddr(via),
    table: after("table") ?? "main",
    protocol: after("proto"),
    type: type ?? "unicast",
  };
}
