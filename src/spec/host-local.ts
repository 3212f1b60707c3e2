// host-local's own rules for its ranges, found before the first pod meets them: what its `Range.Canonicalize` and
// `RangeSet` refuse at ADD, and a gateway that lies outside its subnet, which it takes and no pod can reach. Pure.

import { type Addr, tryParseAddr } from "../cidr/addr.ts";
import { type Prefix, tryParsePrefix } from "../cidr/prefix.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../sys/json.ts";
import type { ConflistProblem } from "./problem.ts";

/** A range as written and where it stands. */
interface WrittenRange {
  readonly path: string;
  /** Which range set it belongs to: an interface gets one address of each. */
  readonly set: number;
  readonly range: JsonObject;
}

/** The subnets an `ipam` of type host-local hands addresses out of; those that are not CIDRs are left out. */
export function hostLocalSubnets(path: string, ipam: JsonObject): readonly Prefix[] {
  return writtenRanges(path, ipam).flatMap(({ range }) => subnetOf(range) ?? []);
}

/** Everything wrong with an `ipam` of type host-local. @param path where it stands, e.g. `plugins[0].ipam` */
export function* hostLocalProblems(path: string, ipam: JsonObject): Generator<ConflistProblem> {
  yield* formProblems(path, ipam);
  const ranges = writtenRanges(path, ipam);
  for (const range of ranges) yield* rangeProblems(range);
  for (const [index, one] of ranges.entries()) {
    for (const other of ranges.slice(0, index)) yield* pairProblems(other, one);
  }
  yield* routeProblems(`${path}.routes`, ipam.routes);
}

function writtenRanges(path: string, ipam: JsonObject): readonly WrittenRange[] {
  const inline = ipam.subnet === undefined ? [] : [{ path, set: -1, range: ipam }];
  const sets: readonly JsonValue[] = Array.isArray(ipam.ranges) ? ipam.ranges : [];
  const listed = sets.flatMap((ranges, set) =>
    (Array.isArray(ranges) ? ranges : []).flatMap((range: JsonValue, place) =>
      isJsonObject(range) ? [{ path: `${path}.ranges[${set}][${place}]`, set, range }] : [],
    ),
  );
  return [...inline, ...listed];
}

function* formProblems(path: string, ipam: JsonObject): Generator<ConflistProblem> {
  const { ranges } = ipam;
  if (ranges === undefined) return;
  if (!Array.isArray(ranges)) {
    yield { path: `${path}.ranges`, message: "is not a list" };
    return;
  }
  for (const [set, list] of ranges.entries()) {
    const at = `${path}.ranges[${set}]`;
    if (!Array.isArray(list) || list.length === 0) yield { path: at, message: "is not a list of ranges" };
    for (const [place, range] of (Array.isArray(list) ? list : []).entries()) {
      if (!isJsonObject(range)) yield { path: `${at}[${place}]`, message: "is not an object" };
    }
  }
}

function* rangeProblems({ path, range }: WrittenRange): Generator<ConflistProblem> {
  const subnet = subnetOf(range);
  if (subnet === undefined) {
    const found = range.subnet === undefined ? "is missing" : `is ${JSON.stringify(range.subnet)}, not a CIDR`;
    yield { path: `${path}.subnet`, message: found };
    return;
  }
  if (subnet.hasHostBits) {
    const hint = `write ${subnet.masked()}`;
    yield { path: `${path}.subnet`, message: `is ${subnet}, which has host bits set`, hint };
  }
  if (subnet.size < 4n) {
    yield { path: `${path}.subnet`, message: `is ${subnet}, which leaves no address for a pod` };
  }
  for (const key of ["gateway", "rangeStart", "rangeEnd"]) {
    const value = range[key];
    const addr = addrOf(value);
    if (value === undefined || (addr !== undefined && subnet.containsAddr(addr))) continue;
    const wrong = addr === undefined ? "not an IP address" : `not in ${subnet}`;
    yield { path: `${path}.${key}`, message: `is ${JSON.stringify(value)}, ${wrong}` };
  }
  const [start, end] = bounds(range, subnet);
  if (start.compare(end) > 0 && subnet.size >= 4n) {
    yield { path: `${path}.rangeEnd`, message: `is ${end}, before the range's start ${start}` };
  }
}

function* pairProblems(earlier: WrittenRange, later: WrittenRange): Generator<ConflistProblem> {
  const one = subnetOf(earlier.range);
  const two = subnetOf(later.range);
  if (one === undefined || two === undefined) return;
  if (one.family !== two.family) {
    if (earlier.set === later.set) {
      yield { path: later.path, message: `mixes families with ${earlier.path}: each family needs a list of its own` };
    }
    return;
  }
  const [oneStart, oneEnd] = bounds(earlier.range, one);
  const [twoStart, twoEnd] = bounds(later.range, two);
  if (oneStart.compare(twoEnd) <= 0 && twoStart.compare(oneEnd) <= 0) {
    yield { path: later.path, message: `overlaps ${earlier.path}` };
  }
}

function* routeProblems(path: string, routes: JsonValue | undefined): Generator<ConflistProblem> {
  if (routes === undefined) return;
  if (!Array.isArray(routes)) {
    yield { path, message: "is not a list" };
    return;
  }
  for (const [index, route] of routes.entries()) {
    const { dst, gw } = isJsonObject(route) ? route : {};
    if (typeof dst !== "string" || tryParsePrefix(dst) === undefined) {
      const found = dst === undefined ? "is missing" : `is ${JSON.stringify(dst)}, not a CIDR`;
      yield { path: `${path}[${index}].dst`, message: found };
    }
    if (gw !== undefined && addrOf(gw) === undefined) {
      yield { path: `${path}[${index}].gw`, message: `is ${JSON.stringify(gw)}, not an IP address` };
    }
  }
}

/** First and last address handed out: as written, else all between network and broadcast address. */
function bounds(range: JsonObject, subnet: Prefix): readonly [Addr, Addr] {
  const { first, last } = subnet;
  return [addrOf(range.rangeStart) ?? first.plus(1n) ?? first, addrOf(range.rangeEnd) ?? last.plus(-1n) ?? last];
}

function subnetOf(range: JsonObject): Prefix | undefined {
  return typeof range.subnet === "string" ? tryParsePrefix(range.subnet) : undefined;
}

function addrOf(value: JsonValue | undefined): Addr | undefined {
  return typeof value === "string" ? tryParseAddr(value) : undefined;
}
