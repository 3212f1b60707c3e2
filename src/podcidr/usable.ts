// One text to one CIDR, by rules that hold for every source alike.

import { clip, type Family } from "../cidr/addr.ts";
import { type Prefix, tryParsePrefix } from "../cidr/prefix.ts";
import { longestBits } from "./validation/validator.ts";

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
  if (calicoWord.test(text)) return { kind: "none", reason: calicoReason };
  if (isPlaceholder(text)) return { kind: "none", reason: placeholderReason };
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

/**
 * `usePodCidr`, `usePodCidrIPv6`: Calico's plugin, also as a part of Canal, asks for the range for each pod (calico, cni-plugin,
 * ReplaceHostLocalIPAMPodCIDRs).
 */
const calicoWord = /^usePodCidr(?:IPv6)?$/i;
const calicoReason = "is Calico's word for the podCIDR of the Node object, which the API server alone says";

/** A template's marks, a word in capitals, or a usage text's word for what a flag takes, that stand where a value was to be put. */
const placeholder =
  /\{\{|\{%|[$#]\{|\$\(|^\$\w+$|^<[^>]*>|^%.+%$|^__.+__$|^@.+@$|^[A-Z][A-Z_]*(\/\d+)?$|^(?:value|strings?)$/;

const placeholderReason = "is a placeholder, not a value";

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

export type MaskReading =
  | { readonly kind: "length"; readonly length: number }
  /** As in `ValueReading`. */
  | { readonly kind: "none"; readonly reason: string }
  /** `shown`: the text, when it may be. */
  | { readonly kind: "invalid"; readonly reason: string; readonly shown: string | undefined };

/** Reads the length of a node's block: `24`, `/24`. */
export function readMask(written: string, family: Family): MaskReading {
  if (isPlaceholder(written)) return { kind: "none", reason: placeholderReason };
  const text = written.replace(/^\//, "");
  const length = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  const limit = longestBits[family];
  if (length >= 1 && length <= limit) return { kind: "length", length };
  const shown = /^\d{1,4}$/.test(text) || looksLikeAddress(text) ? text : undefined;
  return { kind: "invalid", reason: `is no prefix length from 1 to ${limit}`, shown };
}
