// Readers for the values of configuration keys that are more than a word or a number. Pure, no library: a reader returns the
// value, or as fault the end of a sentence that begins with the value and says what is wrong and what to write.

import { clip, type Family, familyBits, tryParseAddr } from "../cidr/addr.ts";
import { type PodCIDRs, toPodCIDRs } from "../cidr/pod-cidrs.ts";
import { type Prefix, parsePrefix } from "../cidr/prefix.ts";
import { isNodeName, maxNodeNameLength, normalizeNodeName } from "../spec/node-name-rule.ts";
import { expected } from "../sys/errors.ts";
import { isJsonObject, type JsonObject } from "../sys/json.ts";
import { fault, ok, type Result } from "../sys/result.ts";
import type { NodeLocal } from "./config.ts";

/**
 * CIDRs of networks: one, or one of each family, as a list or separated by commas. Nothing at all gives an empty list.
 * Host bits are refused with the value that was probably meant: guessing could move a node onto another's range.
 */
export function readCidrs(value: string | readonly string[]): Result<readonly Prefix[]> {
  const podCIDRs = readPodCIDRs(value);
  return podCIDRs.kind === "fault" ? podCIDRs : ok(podCIDRs.value?.list ?? []);
}

/** The CIDRs of one node of a map, where an empty value is a fault. */
export function readNodeCidrs(value: string | readonly string[]): Result<PodCIDRs> {
  const podCIDRs = readPodCIDRs(value);
  if (podCIDRs.kind === "fault") return podCIDRs;
  return podCIDRs.value === undefined ? fault("is no CIDR; write one, or leave the node out") : ok(podCIDRs.value);
}

/** The PodCIDRs of whichever node reads them, or of each node of a map; undefined when the value is empty. */
export function readNodeLocal(
  value: string | string[] | Readonly<Record<string, PodCIDRs>>,
): Result<NodeLocal | undefined> {
  if (typeof value !== "string" && !Array.isArray(value)) {
    const entries = Object.entries(value);
    return ok({
      kind: "byNode",
      podCIDRs: new Map(entries.map(([written, podCIDRs]) => [normalizeNodeName(written), podCIDRs])),
    });
  }
  const podCIDRs = readPodCIDRs(value);
  if (podCIDRs.kind === "fault") return podCIDRs;
  return ok(podCIDRs.value === undefined ? undefined : { kind: "any", podCIDRs: podCIDRs.value });
}

/** CIDRs of a node or of the cluster; undefined when the value is empty. */
export function readPodCIDRs(value: string | readonly string[]): Result<PodCIDRs | undefined> {
  const texts = typeof value === "string" ? value.split(",") : value;
  if (texts.length === 0 || (texts.length === 1 && texts[0]?.trim() === "")) return ok(undefined);
  const prefixes: Prefix[] = [];
  for (const text of texts) {
    const read = readCidr(text.trim());
    if (read.kind === "fault") return read;
    prefixes.push(read.value);
  }
  const made = toPodCIDRs(prefixes);
  return made.kind === "ok" ? made : fault(`${made.why}; write at most one of each family`);
}

function readCidr(text: string): Result<Prefix> {
  try {
    const prefix = parsePrefix(text);
    return prefix.hasHostBits ? fault(`has host bits set in ${prefix}; write ${prefix.masked()}`) : ok(prefix);
  } catch (error) {
    expected(error);
    // The message of `parsePrefix` quotes the value; the reason follows it.
    const [, reason = ""] = error.message.split(`"${clip(text)}" `);
    return fault(`is not a CIDR: ${clip(text)} ${reason}; write for example 10.244.0.0/16`);
  }
}

type PerNodeInput =
  | string
  | number
  | { readonly ipv4?: string | number | undefined; readonly ipv6?: string | number | undefined };
type PerNode = Readonly<Partial<Record<Family, number>>>;

/** The shortest and longest block a node can have: host-local needs room for a gateway and a pod. */
const perNodeLimits = { ipv4: [1, 30], ipv6: [1, 126] } as const;

/**
 * Prefix lengths of a node's block: `/24`, 24, `/24,/64` or `{ipv4, ipv6}`. A length over 32 can only be IPv6's; two lengths
 * that could both be IPv4's are ambiguous and refused.
 */
export function readPerNode(value: PerNodeInput): Result<PerNode> {
  if (typeof value === "object") {
    const both: [Family, string | number | undefined][] = [
      ["ipv4", value.ipv4],
      ["ipv6", value.ipv6],
    ];
    return collectLengths(both.flatMap(([family, text]) => (text === undefined ? [] : [{ family, text }])));
  }
  const texts = String(value)
    .split(",")
    .map((text) => text.trim());
  if (texts.length === 1 && texts[0] === "") return ok({});
  if (texts.length > 2) return fault("has more than two lengths; write one of each family, for example /24,/64");
  const isLong = (text: string): boolean => Number(text.replace(/^\//, "")) > 32;
  if (texts.length === 2 && texts.filter(isLong).length !== 1) {
    return fault("does not say which length is for which family; write {ipv4: 24, ipv6: 64}");
  }
  return collectLengths(texts.map((text) => ({ family: isLong(text) ? "ipv6" : "ipv4", text })));
}

function collectLengths(items: readonly { family: Family; text: string | number }[]): Result<PerNode> {
  const lengths: Partial<Record<Family, number>> = {};
  for (const { family, text } of items) {
    const digits = /^\/?(0|[1-9]\d{0,2})$/.exec(String(text).trim())?.[1];
    if (digits === undefined)
      return fault(`is not a prefix length; write for example ${family === "ipv4" ? "/24" : "/64"}`);
    const [least, most] = perNodeLimits[family];
    const bits = Number(digits);
    if (bits < least || bits > most) {
      return fault(
        `leaves no pods on a node or no nodes; write a length from /${least} to /${most} for ${familyName(family)}`,
      );
    }
    lengths[family] = bits;
  }
  return ok(lengths);
}

/** A time in milliseconds: whole seconds as a number, or `500ms`, `30s`, `2m`; from 1 ms to an hour. */
export function readDurationMs(value: string | number): Result<number> {
  const text = String(value).trim();
  const match = /^(\d{1,7})(ms|s|m)$/.exec(/^\d+$/.test(text) ? `${text}s` : text);
  const unitMs = { ms: 1, s: 1000, m: 60_000 }[match?.[2] ?? ""];
  if (match === null || unitMs === undefined) return fault("is not a time; write for example 30s, 500ms or 2m");
  const ms = Number(match[1]) * unitMs;
  return ms >= 1 && ms <= 3_600_000 ? ok(ms) : fault("is out of range; write a time from 1ms to 60m");
}

/** The name of a node; undefined for an empty one. */
export function readNodeName(value: string): Result<string | undefined> {
  const name = normalizeNodeName(value);
  if (name === "") return ok(undefined);
  if (name.length > maxNodeNameLength)
    return fault(`is longer than the ${maxNodeNameLength} characters of a node name`);
  return isNodeName(name) ? ok(name) : fault("is not a node name; write letters, digits, - and .");
}

/** The chained plugins: an empty text is an empty list. They come from YAML or JSON, so each is a JSON object. */
export function readPlugins(value: "" | readonly unknown[]): Result<readonly JsonObject[]> {
  return ok(value === "" ? [] : value.filter(isJsonObject));
}

export const notAbsolute = "is not an absolute path without . and ..; write for example /etc/cni/net.d";

/** The absolute path of a directory, without repeated and trailing slashes. */
export function readDir(value: string): Result<string> {
  const parts = value.split("/").filter((part) => part !== "");
  const isPlain = value.startsWith("/") && parts.length > 0 && !parts.includes(".") && !parts.includes("..");
  return isPlain && !/\p{Cc}/u.test(value) ? ok(`/${parts.join("/")}`) : fault(notAbsolute);
}

/** The absolute path of a file; undefined for an empty one. */
export function readFilePath(value: string): Result<string | undefined> {
  return value.trim() === "" ? ok(undefined) : readDir(value.trim());
}

/** An address of a control server: `https://host[:port]`, without what only a request has. */
export function readServerUrl(value: string): Result<string | undefined> {
  if (value.trim() === "") return ok(undefined);
  const url = URL.parse(value.trim());
  const isPlain = url !== null && url.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (!isPlain || (url.protocol !== "https:" && url.protocol !== "http:")) {
    return fault("is not the address of a control server; write for example https://headscale.example.com");
  }
  return ok(url.href.replace(/\/+$/, ""));
}

/** A name on the tailnet: one label of a DNS name; undefined for an empty one. */
export function readHostName(value: string): Result<string | undefined> {
  const name = value.trim().toLowerCase();
  if (name === "") return ok(undefined);
  const isLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name);
  return isLabel ? ok(name) : fault("is not a host name; write up to 63 letters, digits and -, for example worker-1");
}

/** Tags of the tailnet, as a list or separated by commas. */
export function readTags(value: string | readonly string[]): Result<readonly string[]> {
  const tags = (typeof value === "string" ? value.split(",") : value).map((tag) => tag.trim());
  if (tags.length === 1 && tags[0] === "") return ok([]);
  const wrong = tags.find((tag) => !/^tag:[a-z][a-z0-9-]*$/i.test(tag));
  return wrong === undefined
    ? ok([...new Set(tags)])
    : fault(`holds ${clip(wrong) || "an empty tag"}, which is not a tag; write for example tag:k8s-node`);
}

/**
 * `host:port` to listen on: an IP address or `localhost`, and a port; 0 takes any free one. IPv6 is in brackets, and IPv4 may be: a pod's
 * manifest does not know which of them `[$(HOST_IP)]:9465` will be.
 */
export function readListen(value: string): Result<{ readonly host: string; readonly port: number }> {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(value.trim());
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  const family = host === undefined ? undefined : tryParseAddr(host)?.family;
  const isHost = host === "localhost" || family === "ipv4" || (family === "ipv6" && match?.[1] !== undefined);
  if (host === undefined || !isHost || port > 65_535) {
    return fault("is not an address and a port; write for example 127.0.0.1:9465 or [::1]:9465");
  }
  return ok({ host, port });
}

/** As `readListen`, for a key that keeps the text: as it stands in a URL. */
export function readListenText(value: string): Result<string> {
  const listen = readListen(value);
  if (listen.kind === "fault") return listen;
  const { host, port } = listen.value;
  return ok(host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);
}

/** Whether a host to listen on is reachable from this machine only. */
export function isLoopback(host: string): boolean {
  const addr = tryParseAddr(host);
  if (addr === undefined) return host === "localhost";
  return addr.family === "ipv4" ? addr.value >> 24n === 127n : addr.value === 1n;
}

export function familyName(family: Family): "IPv4" | "IPv6" {
  return familyBits(family) === 32 ? "IPv4" : "IPv6";
}
