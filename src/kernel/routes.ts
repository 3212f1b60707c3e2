// The routes of this network namespace, of all tables and both families, as `ip -j route show table all` prints them.

import { type Addr, type Family, familyBits, tryParseAddr } from "../cidr/addr.ts";
import { Prefix, tryParsePrefix } from "../cidr/prefix.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../sys/json.ts";
import { ok, type Result } from "../sys/result.ts";
import type { System } from "../sys/system.ts";
import { askIp, parseList } from "./ip.ts";

export interface Route {
  readonly destination: Prefix;
  /** Undefined where a route leads nowhere (blackhole) or through a nexthop object. */
  readonly device: string | undefined;
  readonly via: Addr | undefined;
  /** A name of /etc/iproute2/rt_tables (`main`, `local`) or a number. */
  readonly table: string | number;
  /** What put it there: `kernel`, `boot`, `static`, `bird`, …, or a number. */
  readonly protocol: string | undefined;
  /** `unicast`, `local`, `broadcast`, `multicast`, `anycast`, `blackhole`, `unreachable`, `prohibit`, `throw`, `nat`. */
  readonly type: string;
}

/**
 * Tables that a destination is looked up in without a rule of somebody's. Others (Tailscale's 52, VRFs) are for packets that a rule picks,
 * and hold thousands of routes on a large tailnet.
 */
export const usualTables: ReadonlySet<string | number> = new Set(["main", "default", 254, 253]);

/** Every route of the usual tables, one for each of its next hops; the fault says why `ip` gave none. Never throws. */
export async function readRoutes(system: Pick<System, "exec">): Promise<Result<readonly Route[]>> {
  const [ipv4, ipv6] = await Promise.all([readFamily(system, "ipv4"), readFamily(system, "ipv6")]);
  if (ipv4.kind === "fault") return ipv4;
  if (ipv6.kind === "ok") return ok([...ipv4.value, ...ipv6.value]);
  // A kernel without IPv6.
  return /not supported/i.test(ipv6.why) ? ipv4 : ipv6;
}

/** Each family is asked for by itself: nothing else tells whose `default` a route without a gateway is. */
async function readFamily(system: Pick<System, "exec">, family: Family): Promise<Result<readonly Route[]>> {
  const asked = await askIp(system, routeShow[family]);
  return asked.kind === "fault" ? asked : parseRoutes(asked.value, family, usualTables);
}

const routeShow = { ipv4: "-4 route show table all", ipv6: "-6 route show table all" } as const;

/**
 * Reads what `ip -j` printed of the routes of one family.
 * @param tables those to read; others are left out @default all
 */
export function parseRoutes(
  text: string,
  family: Family,
  tables?: ReadonlySet<string | number>,
): Result<readonly Route[]> {
  const parsed = parseList(text.trim() === "" ? "[]" : text, routeShow[family]);
  if (parsed.kind === "fault") return parsed;
  const asked = tables === undefined ? parsed.value : parsed.value.filter(({ table }) => tables.has(toTable(table)));
  return ok(asked.flatMap((json) => toRoutes(json, family)));
}

/** Destinations by their text, each with its length: `100.64.0.1/32`. */
export type Destinations = ReadonlyMap<string, Prefix>;

/**
 * The destinations alone of what `ip -j` printed of the routes of one family.
 * @param known those of a text before: what is among them is the same object again, and not parsed anew
 */
export function parseDestinations(text: string, family: Family, known: Destinations): Result<Destinations> {
  const parsed = parseList(text.trim() === "" ? "[]" : text, routeShow[family]);
  if (parsed.kind === "fault") return parsed;
  const length = `/${familyBits(family)}`;
  const found = parsed.value.flatMap(({ dst }) => {
    const printed = typeof dst === "string" && !dst.includes("/") ? `${dst}${length}` : dst;
    const before = typeof printed === "string" ? known.get(printed) : undefined;
    return before ?? toDestination(dst, family) ?? [];
  });
  return ok(new Map(found.map((destination) => [destination.toString(), destination])));
}

const everyAddress = { ipv4: tryParsePrefix("0.0.0.0/0"), ipv6: tryParsePrefix("::/0") };

function toRoutes({ dst, type, table, protocol, nexthops, ...hop }: JsonObject, family: Family): Route[] {
  const destination = toDestination(dst, family);
  if (destination === undefined) return [];
  const route = {
    destination,
    table: toTable(table),
    protocol: typeof protocol === "string" || typeof protocol === "number" ? String(protocol) : undefined,
    type: typeof type === "string" ? type : "unicast",
  };
  const hops = Array.isArray(nexthops) && nexthops.length > 0 ? nexthops.filter(isJsonObject) : [hop];
  return hops.map(({ dev, gateway, via }) => ({
    ...route,
    device: typeof dev === "string" ? dev : undefined,
    via: toAddr(gateway ?? (isJsonObject(via) ? via.host : undefined)),
  }));
}

/** A route to one address is printed without a length. */
function toDestination(text: JsonValue | undefined, family: Family): Prefix | undefined {
  if (typeof text !== "string") return undefined;
  if (text === "default") return everyAddress[family];
  const addr = tryParseAddr(text);
  return addr === undefined ? tryParsePrefix(text) : new Prefix(addr, familyBits(addr.family));
}

function toAddr(text: JsonValue | undefined): Addr | undefined {
  return typeof text === "string" ? tryParseAddr(text) : undefined;
}

/** Of the main table `ip` prints none; numbers come as text. */
function toTable(table: JsonValue | undefined): string | number {
  const text = table === undefined || table === null ? "main" : String(table);
  return /^\d+$/.test(text) ? Number(text) : text;
}
