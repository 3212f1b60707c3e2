// One text to one CIDR, and why a CIDR cannot be used. The rules that hold for every source alike.

import { clip } from "../cidr/addr.ts";
import { whyTooBroad } from "../cidr/breadth.ts";
import { type Prefix, parsePrefix, tryParsePrefix } from "../cidr/prefix.ts";

export type ValueReading =
  | { readonly kind: "prefix"; readonly prefix: Prefix; readonly note: string | undefined }
  /** No value was meant: a placeholder that something else was to fill in. */
  | { readonly kind: "none"; readonly reason: string }
  | { readonly kind: "invalid"; readonly reason: string };

export interface ReadOptions {
  /** Whether octets may have leading zeros, as kube's flag parser allows. @default false */
  readonly leadingZeros?: boolean;
}

/** Reads one value; host bits are kept. */
export function readValue(text: string, options: ReadOptions = {}): ValueReading {
  if (isPlaceholder(text)) return { kind: "none", reason: "is a placeholder, not a value" };
  const prefix = tryParsePrefix(text);
  if (prefix !== undefined) return { kind: "prefix", prefix, note: undefined };
  if (options.leadingZeros === true) {
    const bare = text.replace(/(^|\.)0+(?=\d)/g, "$1");
    const lenient = bare === text || text.includes(":") ? undefined : tryParsePrefix(bare);
    if (lenient !== undefined) {
      return { kind: "prefix", prefix: lenient, note: `has leading zeros, read as ${lenient} as kube does` };
    }
  }
  const isBare = looksLikeAddress(text) && !text.includes("/");
  return { kind: "invalid", reason: isBare ? "is not a CIDR: it has no prefix length" : "is not a CIDR" };
}

/** A template's marks, or a word in capitals, that stand where a value was to be put. */
const placeholder = /\{\{|\{%|[$#]\{|\$\(|^\$\w+$|^<[^>]*>|^%.+%$|^__.+__$|^@.+@$|^[A-Z][A-Z_]*(\/\d+)?$|^usePodCidr/;

/** Whether a text stands for a value that something else was to fill in: `{{ … }}`, `$X`, `<X>`, `%X%`, `SUBNET`. */
export function isPlaceholder(text: string): boolean {
  return placeholder.test(text) && !looksLikeAddress(text);
}

/** Whether a text is an attempt at an address or CIDR: only such texts may be shown, others could be secrets. */
export function looksLikeAddress(text: string): boolean {
  if (text.length > 60) return false;
  if (/^\d{1,4}(\.\d{1,4}){1,4}(\/[\d.]{0,15})?$/.test(text)) return true;
  return /^(?=[^/]*:[^/]*:)[0-9a-fA-F:.]{2,45}(\/\d{0,4})?$/.test(text) && (text.includes("::") || text.includes("/"));
}

/** The text for a message when it may be shown, undefined when not. */
export function showable(text: string): string | undefined {
  return looksLikeAddress(text) ? clip(text) : undefined;
}

interface ForbiddenRange {
  readonly range: Prefix;
  readonly what: string;
}

const forbidden: readonly ForbiddenRange[] = [
  ["100.64.0.0/10", "100.64.0.0/10, which Tailscale gives its nodes addresses from"],
  ["fd7a:115c:a1e0::/48", "fd7a:115c:a1e0::/48, which Tailscale gives its nodes addresses from"],
  ["127.0.0.0/8", "the loopback range"],
  ["::1/128", "the loopback address"],
  ["169.254.0.0/16", "the link-local range"],
  ["fe80::/10", "the link-local range"],
  ["224.0.0.0/4", "the multicast range"],
  ["ff00::/8", "the multicast range"],
  ["0.0.0.0/8", "0.0.0.0/8, which no host can have"],
  ["::/128", "the unspecified address"],
  ["240.0.0.0/4", "240.0.0.0/4, which is reserved"],
].map(([range = "", what = ""]) => ({ range: parsePrefix(range), what }));

/** Ranges no pod can have addresses in. */
export const forbiddenRanges: readonly Prefix[] = forbidden.map((entry) => entry.range);

/**
 * Why a CIDR can be no node's pod range, as the end of a sentence that begins with the value; undefined when it can.
 * @param serviceCIDRs the cluster's service ranges, as far as known.
 */
export function whyUnusable(prefix: Prefix, serviceCIDRs: readonly Prefix[] = []): string | undefined {
  if (prefix.bits === 0) return whyTooBroad(prefix);
  if (prefix.hasHostBits) return `has host bits set: the network is ${prefix.masked()}`;
  const limit = prefix.family === "ipv4" ? 30 : 126;
  if (prefix.bits > limit) return `is a /${prefix.bits}, which leaves no address for a pod`;
  const around = forbidden.find(({ range }) => range.contains(prefix));
  if (around !== undefined) return `lies in ${around.what}`;
  const broad = whyTooBroad(prefix);
  if (broad !== undefined) return broad;
  const inside = forbidden.find(({ range }) => prefix.contains(range));
  if (inside !== undefined) return `contains ${inside.what}`;
  const service = serviceCIDRs.find((other) => other.overlaps(prefix));
  return service === undefined ? undefined : `overlaps the service CIDR ${service}`;
}

/** Wider than what a whole cluster usually has. */
const widest = { ipv4: 16, ipv6: 48 } as const;
const docker = parsePrefix("172.17.0.0/16");

/**
 * What makes a range questionable that an operator gave to one node, as the end of a sentence that begins with the range; undefined when
 * nothing does. It may be meant: a cluster of one node has all of its range.
 * @param clusterCIDRs the cluster's ranges, as far as known.
 */
export function doubtOf(prefix: Prefix, clusterCIDRs: readonly Prefix[]): string | undefined {
  const whole = clusterCIDRs.find((range) => prefix.contains(range));
  if (whole !== undefined) return `holds the whole cluster CIDR ${whole}: right for a single node only`;
  const bits = widest[prefix.family];
  if (prefix.bits < bits)
    return `is larger than a /${bits}, for one node: every other host in it is out of its pods' reach`;
  return prefix.overlaps(docker) ? `overlaps ${docker}, where Docker puts its own bridge on every machine` : undefined;
}
