// Decodes answers of LocalAPI: the fields that are used, and for each that is missing, null or of another type what stands for "not
// said". Loads its library with the module.

import * as z from "zod/mini";
import { type Addr, tryParseAddr } from "../../cidr/addr.ts";
import { type Prefix, tryParsePrefix } from "../../cidr/prefix.ts";
import { HeadcniError } from "../../sys/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../sys/json.ts";
import type { PingAnswer } from "./ping-answer.ts";
import type { TailscalePrefs } from "./tailscale-prefs.ts";
import type { StatusNode, TailscaleStatus } from "./tailscale-status.ts";

const text = z.catch(z.string(), "");
const flag = z.catch(z.boolean(), false);
const optionalFlag = z.catch(z.optional(z.boolean()), undefined);
const texts = z.catch(z.array(z.string()), () => []);

const peerShape = {
  ID: text,
  DNSName: text,
  HostName: text,
  TailscaleIPs: texts,
  PrimaryRoutes: texts,
  Tags: texts,
  Online: flag,
  InNetworkMap: flag,
  Active: flag,
  CurAddr: text,
  PeerRelay: text,
  Relay: text,
  KeyExpiry: text,
};
const peer = z.object(peerShape);
const peerKeys = Object.keys(peerShape);

const status = z.object({
  Version: text,
  TUN: optionalFlag,
  BackendState: text,
  HaveNodeKey: flag,
  AuthURL: text,
  Health: texts,
  Self: z.catch(z.optional(peer), undefined),
});

const prefs = z.object({
  ControlURL: text,
  AdvertiseRoutes: texts,
  RouteAll: flag,
  NoStatefulFiltering: optionalFlag,
  ShieldsUp: flag,
});

const hostinfo = z.object({ RoutableIPs: texts });

/** @throws HeadcniError HC_HTTP_FAILED for an answer that is no JSON object */
export function decodeStatus(json: JsonValue): TailscaleStatus {
  const all = objectOf(json, "status");
  const peers = Object.values(isJsonObject(all.Peer) ? all.Peer : {}).filter(isJsonObject);
  return decodeStatusOf(all, peers.map(decodePeer));
}

/** A status of these peers, whatever the answer itself has of them. @throws HeadcniError as `decodeStatus` */
export function decodeStatusOf(json: JsonValue, peers: readonly StatusNode[]): TailscaleStatus {
  const { Version, TUN, BackendState, HaveNodeKey, AuthURL, Health, Self } = z.parse(status, objectOf(json, "status"));
  return {
    version: Version,
    hasTun: TUN,
    backendState: BackendState,
    hasNodeKey: HaveNodeKey,
    isAskedToLogIn: AuthURL !== "",
    health: Health,
    self: Self === undefined ? undefined : toStatusNode(Self),
    peers,
  };
}

export function decodePeer(json: JsonObject): StatusNode {
  return toStatusNode(z.parse(peer, json));
}

/** What of a peer is used, as a text: of two that are equal `decodePeer` makes the same. */
export function peerText(json: JsonObject): string {
  return JSON.stringify(peerKeys.map((name) => json[name]));
}

function toStatusNode(found: z.output<typeof peer>): StatusNode {
  return {
    id: found.ID,
    dnsName: found.DNSName,
    hostName: found.HostName,
    addresses: found.TailscaleIPs.flatMap((addr): Addr[] => orNone(tryParseAddr(addr))),
    primaryRoutes: toPrefixes(found.PrimaryRoutes),
    tags: found.Tags,
    isOnline: found.Online,
    isInNetworkMap: found.InNetworkMap,
    isActive: found.Active,
    currentAddress: found.CurAddr,
    relay: found.PeerRelay || found.Relay,
    keyExpiresAtMs: toTime(found.KeyExpiry),
  };
}

/** Go's zero time, and none, mean never. */
function toTime(written: string): number | undefined {
  const ms = Date.parse(written);
  return ms > 0 ? ms : undefined;
}

/** @throws HeadcniError HC_HTTP_FAILED for an answer that is no JSON object */
export function decodePrefs(json: JsonValue): TailscalePrefs {
  const raw = objectOf(json, "prefs");
  const { ControlURL, AdvertiseRoutes, RouteAll, NoStatefulFiltering, ShieldsUp } = z.parse(prefs, raw);
  return {
    controlURL: ControlURL,
    advertiseRoutes: AdvertiseRoutes,
    routeAll: RouteAll,
    noStatefulFiltering: NoStatefulFiltering,
    shieldsUp: ShieldsUp,
    raw,
  };
}

const pingAnswer = z.object({
  Err: text,
  LatencySeconds: z.catch(z.number(), 0),
  Endpoint: text,
  PeerRelay: text,
  DERPRegionCode: text,
});

/** @throws HeadcniError HC_HTTP_FAILED for an answer that is no JSON object */
export function decodePing(json: JsonValue): PingAnswer {
  const { Err, LatencySeconds, Endpoint, PeerRelay, DERPRegionCode } = z.parse(pingAnswer, objectOf(json, "ping"));
  if (Err !== "") return { kind: "silent", why: Err };
  const relay = PeerRelay || DERPRegionCode;
  return {
    kind: "answered",
    rttMs: LatencySeconds * 1000,
    path:
      Endpoint !== ""
        ? { kind: "direct", endpoint: Endpoint }
        : relay === ""
          ? { kind: "unknown" }
          : { kind: "relay", relay },
  };
}

const netMapLine = z.object({
  NetMap: z.catch(
    z.optional(
      z.object({
        SelfNode: z.catch(z.optional(z.object({ Hostinfo: hostinfo })), undefined),
        Peers: z.catch(
          z.array(
            z.catch(
              z.optional(z.object({ StableID: text, Hostinfo: z.catch(hostinfo, { RoutableIPs: [] }) })),
              undefined,
            ),
          ),
          () => [],
        ),
      }),
    ),
    undefined,
  ),
});

/** What nodes offer to serve, as the control server shows it. */
export interface OfferedRoutes {
  /** Of this node; undefined where the map does not show it. */
  readonly self: readonly Prefix[] | undefined;
  /** By id, approved or not and online or not. */
  readonly peers: ReadonlyMap<string, readonly Prefix[]>;
}

/**
 * What all offer, as a line of the bus with a network map tells it; undefined for a line without one.
 * @throws HeadcniError HC_HTTP_FAILED for a line that is no JSON object
 */
export function decodeOfferedRoutes(line: string): OfferedRoutes | undefined {
  const { NetMap } = z.parse(netMapLine, objectOf(parseLine(line), "watch-ipn-bus"));
  if (NetMap === undefined) return undefined;
  const { SelfNode, Peers } = NetMap;
  const peers = Peers.flatMap((found) => orNone(found));
  return {
    self: SelfNode === undefined ? undefined : toPrefixes(SelfNode.Hostinfo.RoutableIPs),
    peers: new Map(peers.map(({ StableID, Hostinfo }) => [StableID, toPrefixes(Hostinfo.RoutableIPs)])),
  };
}

function parseLine(line: string): JsonValue {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** Those of a list of texts that are CIDRs. */
function toPrefixes(list: readonly string[]): readonly Prefix[] {
  return list.flatMap((route) => orNone(tryParsePrefix(route)));
}

function orNone<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value];
}

function objectOf(json: JsonValue, call: string): JsonObject {
  if (isJsonObject(json)) return json;
  throw new HeadcniError("HC_HTTP_FAILED", `Cannot use tailscaled's answer to ${call}: it is no JSON object`);
}
