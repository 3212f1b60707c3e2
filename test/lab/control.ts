// The lab's control server: which nodes there are, which routes they advertise, which of those are approved, and who serves each. It
// elects as Headscale was seen to: the lowest id first, and whoever serves goes on serving until it leaves.

import { type Prefix, parsePrefix } from "../../src/cidr/prefix.ts";

export interface LabNode {
  readonly id: number;
  readonly name: string;
  /** IPv4, then IPv6. */
  readonly addresses: readonly [string, string];
  readonly tags: readonly string[];
  readonly advertised: readonly string[];
  readonly approved: readonly string[];
  /** Whether its session with the control server stands. */
  readonly isOnline: boolean;
  /** When that ended; milliseconds since the epoch. */
  readonly lastSeenMs: number;
}

export interface LabControl {
  readonly url: string;
  readonly key: string;
  /** Registers a node, or takes it up again by its name. Undefined for a key that is not ours, or while the server is down. */
  register(name: string, key: string): LabNode | undefined;
  advertise(id: number, routes: readonly string[]): void;
  setOnline(id: number, isOnline: boolean): void;
  /** By hand, as `headscale nodes approve-routes` does: the whole list. */
  approve(id: number, routes: readonly string[]): void;
  /** The ranges whose routes are approved when a node advertises them. */
  approves(): readonly string[];
  /** Routes that nodes advertise already are approved at once; what was approved stays. */
  setApproves(...ranges: readonly string[]): void;
  /** Takes a node out for ever. */
  remove(id: number): void;
  /** Down: nothing is delivered, nobody registers. */
  setUp(isUp: boolean): void;
  readonly isUp: boolean;
  /** What the network map of each node is made of, as last delivered. */
  nodes(): readonly LabNode[];
  /** The routes a node serves. */
  primaryRoutes(id: number): readonly string[];
  /** Called with each change that is delivered. */
  onChange(listener: () => void): () => void;
}

export function createLabControl(url: string): LabControl {
  const nodes = new Map<number, LabNode>();
  const serving = new Map<string, number>();
  const listeners = new Set<() => void>();
  let approves: readonly Prefix[] = ["10.244.0.0/16", "fd00:244::/48"].map(parsePrefix);
  let isUp = true;
  let lastId = 0;

  const elect = (): void => {
    const routes = new Set([...nodes.values()].flatMap(({ approved }) => approved));
    for (const route of [...serving.keys(), ...routes]) {
      const candidates = [...nodes.values()].filter((node) => serves(node, route)).map(({ id }) => id);
      const holder = serving.get(route);
      const next = holder !== undefined && candidates.includes(holder) ? holder : candidates.sort((a, b) => a - b)[0];
      if (next === undefined) serving.delete(route);
      else serving.set(route, next);
    }
  };
  const deliver = (): void => {
    if (!isUp) return;
    elect();
    for (const listener of listeners) listener();
  };
  const change = (id: number, to: (node: LabNode) => Partial<LabNode>): void => {
    const node = nodes.get(id);
    if (node === undefined) return;
    nodes.set(id, { ...node, ...to(node) });
    deliver();
  };
  const approvedBy = (routes: readonly string[]): readonly string[] =>
    routes.filter((route) => approves.some((range) => range.contains(parsePrefix(route))));

  return {
    url,
    key: "lab-key-of-the-tests-only",
    get isUp() {
      return isUp;
    },
    register(name, key) {
      if (!isUp || key !== this.key) return undefined;
      const known = [...nodes.values()].find((node) => node.name === name);
      if (known !== undefined) return known;
      lastId += 1;
      const addresses = [`100.64.${lastId >> 8}.${lastId & 255}`, `fd7a:115c:a1e0::${lastId.toString(16)}`] as const;
      const node = {
        id: lastId,
        name,
        addresses,
        tags: ["tag:k8s-node"],
        advertised: [],
        approved: [],
        isOnline: false,
        lastSeenMs: Date.now(),
      };
      nodes.set(lastId, node);
      return node;
    },
    advertise: (id, routes) =>
      // Approvals stay when a route is withdrawn.
      change(id, ({ approved }) => ({
        advertised: routes,
        approved: [...new Set([...approved, ...approvedBy(routes)])],
      })),
    setOnline: (id, isOnline) => change(id, () => ({ isOnline, lastSeenMs: Date.now() })),
    approve: (id, routes) => change(id, () => ({ approved: routes })),
    approves: () => approves.map(String),
    setApproves: (...ranges) => {
      approves = ranges.map(parsePrefix);
      for (const { id, advertised, approved } of nodes.values()) {
        nodes.set(id, { ...mustGet(nodes, id), approved: [...new Set([...approved, ...approvedBy(advertised)])] });
      }
      deliver();
    },
    remove: (id) => {
      nodes.delete(id);
      deliver();
    },
    setUp: (next) => {
      isUp = next;
      deliver();
    },
    nodes: () => [...nodes.values()],
    primaryRoutes: (id) => [...serving].flatMap(([route, holder]) => (holder === id ? [route] : [])),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function serves({ isOnline, advertised, approved }: LabNode, route: string): boolean {
  return isOnline && advertised.includes(route) && approved.includes(route);
}

function mustGet<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new Error(`No ${String(key)}`);
  return value;
}
