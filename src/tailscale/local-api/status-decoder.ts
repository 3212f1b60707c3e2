// Decodes one status after the other. Of a thousand peers few change, so each is cut out of the text and compared with what was there
// before: only what is new becomes objects. An object for everything in a status of a megabyte, several times a second, is memory that
// the process keeps for long. What is not written as tailscaled writes it is parsed whole.

import { isJsonObject, type JsonObject, type JsonValue } from "../../sys/json.ts";
import { endOfValue, skipSpace, walkMembers } from "./json-members.ts";
import { decodePeer, decodeStatusOf, peerText } from "./local-api-schema.ts";
import type { StatusNode, TailscaleStatus } from "./tailscale-status.ts";

/**
 * A peer that says what it said the last time is the same object again, and so is a status of the same text.
 * @throws SyntaxError for a text that is no JSON; HeadcniError HC_HTTP_FAILED for one that is no object
 */
export type DecodeStatus = (text: string) => TailscaleStatus;

interface KnownPeer {
  /** All that was said of it. A slice of the newest status, or it would hold an older one. */
  readonly written: string;
  /** What of that is used. */
  readonly used: string;
  readonly node: StatusNode;
}

/** By key, as it is written. */
type KnownPeers = ReadonlyMap<string, KnownPeer>;

interface CutStatus {
  /** The status with no peer in it. */
  readonly rest: string;
  readonly peers: KnownPeers;
}

export function createStatusDecoder(): DecodeStatus {
  let known: KnownPeers = new Map();
  let last: { readonly text: string; readonly status: TailscaleStatus } | undefined;
  return (text) => {
    if (last?.text === text) return last.status;
    const { rest, peers } = cutStatus(text, known) ?? parseWhole(text, known);
    const json: JsonValue = JSON.parse(rest);
    const status = decodeStatusOf(
      json,
      [...peers.values()].map(({ node }) => node),
    );
    known = peers;
    last = { text, status };
    return status;
  };
}

/** Undefined where a key is written in another way or twice, or the text is no JSON. */
function cutStatus(text: string, known: KnownPeers): CutStatus | undefined {
  const peers = new Map<string, KnownPeer>();
  const seen = new Set<string>();
  let place: { readonly from: number; readonly to: number } | undefined;
  const end = walkMembers(text, skipSpace(text, 0), ({ key, valueAt }) => {
    if (key.includes("\\") || seen.has(key)) return undefined;
    seen.add(key);
    if (key !== '"Peer"' || text[valueAt] !== "{") return endOfValue(text, valueAt);
    const to = cutPeers(text, valueAt, { known, found: peers });
    if (to !== undefined) place = { from: valueAt, to };
    return to;
  });
  if (end === undefined) return undefined;
  return { peers, rest: place === undefined ? text : `${text.slice(0, place.from)}{}${text.slice(place.to)}` };
}

/** A key as tailscaled writes it: one that is a number would stand elsewhere in JSON's order. */
const plainKey = /^"[a-z][ -[\]-\uffff]*"$/;

/** Adds those of the object at `at`. @returns where it ends */
function cutPeers(text: string, at: number, { known, found }: { known: KnownPeers; found: Map<string, KnownPeer> }) {
  return walkMembers(text, at, ({ key, valueAt }) => {
    if (!plainKey.test(key) || found.has(key)) return undefined;
    const before = known.get(key);
    if (before !== undefined && before.written !== "" && text.startsWith(before.written, valueAt)) {
      const end = valueAt + before.written.length;
      found.set(key, { ...before, written: text.slice(valueAt, end) });
      return end;
    }
    const end = endOfValue(text, valueAt);
    const written = text.slice(valueAt, end);
    const json = end === undefined ? undefined : tryParse(written);
    if (!isJsonObject(json)) return undefined;
    found.set(key, peerOf(json, written, before));
    return end;
  });
}

function tryParse(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch {
    // The whole will say what is wrong.
    return undefined;
  }
}

function parseWhole(text: string, known: KnownPeers): CutStatus {
  const json: JsonValue = JSON.parse(text);
  if (!isJsonObject(json) || !isJsonObject(json.Peer)) return { rest: text, peers: new Map() };
  const entries = Object.entries(json.Peer).flatMap(([key, peer]) => {
    const written = JSON.stringify(key);
    return isJsonObject(peer) ? [[written, peerOf(peer, "", known.get(written))] as const] : [];
  });
  return { rest: text, peers: new Map(entries) };
}

function peerOf(json: JsonObject, written: string, before: KnownPeer | undefined): KnownPeer {
  const used = peerText(json);
  return before?.used === used ? { ...before, written } : { written, used, node: decodePeer(json) };
}
