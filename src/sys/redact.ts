// Keys and tokens in text and values that were written where none belongs: messages about a configuration show it to people, logs
// and tickets. What is known to be a secret is a `Secret`; this is for what only looks like one.

import { isJsonObject, type JsonValue } from "./json.ts";

const redacted = "[redacted]";

/** Names of keys whose value is a secret in every program's configuration. */
const secretName = /auth|key$|token|secret|passw|passphrase|credential/i;

/** A name of that kind with the value that follows it: `"apiKey": "…"`, `token=…`. */
const assigned = /((?:auth\w*|key|token|secret|passw\w*|passphrase|credentials?)["']?\s*[:=]\s*["']?)[^\s"',;}\]…]+/gi;

/** What follows the scheme in a header; before the header's name is looked at, which is followed by the scheme. */
const ofScheme = /(?<=\b(?:bearer|basic)\s+)\S+/gi;

const shapes: readonly RegExp[] = [
  // Tailscale's, Headscale's, and those of the places a configuration is copied from.
  /\b(?:tskey|hskey|sk|pk|ghp|gho|ghs|glpat|github_pat|xox[a-z])[-_][A-Za-z0-9_-]+/gi,
  // A JSON Web Token: two base64url objects and a signature.
  /\beyJ[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)*/g,
  /(?<=\/\/)[^\s/@]+(?=@)/g,
  /-----BEGIN [\s\S]*/g,
];

/** As long as no name or address in a configuration is, letters and digits mixed. */
const longRun = /(?=[A-Za-z_=]*\d)(?=[\d_=]*[A-Za-z])[A-Za-z0-9_=]{20,}/g;

/** `text` with everything that looks like a key or token replaced. */
export function redactText(text: string): string {
  const named = text.replace(ofScheme, redacted).replace(assigned, `$1${redacted}`);
  return shapes.reduce((rest, shape) => rest.replace(shape, redacted), named).replace(longRun, redacted);
}

/** A JSON value likewise, and without the values of keys that are named as secrets are. */
export function redactValue(value: JsonValue): JsonValue {
  if (typeof value === "string") return redactText(value);
  if (!isJsonObject(value)) return Array.isArray(value) ? value.map((item: JsonValue) => redactValue(item)) : value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      redactText(name),
      inner === undefined || typeof inner === "boolean" ? inner : secretName.test(name) ? redacted : redactValue(inner),
    ]),
  );
}

/** Keys as programs keep them in files and print them: with their armour, as the word after a flag or a scheme, in base64. */
const armoured: readonly RegExp[] = [
  /-----BEGIN [^-\n]+-----[\s\S]*?(?:-----END [^-\n]+-----|$)/g,
  /(?<=--?[\w-]*(?:token|key|secret|passw\w*|auth)[\w-]*\s+)[^\s-]\S*/gi,
  /(?<=\b[\w-]*(?:-data|-hash|token|secret|passw\w*)["']?\s*[:=]\s*["']?)[^\s"',;}\]]+/gi,
  /[A-Za-z0-9+/_=-]{40,}/g,
];

/**
 * A whole file, or what a program printed, for somebody else's eyes: more is taken out than of a message, also what only could be a key.
 * Names of networks, addresses and versions stay.
 */
export function redactDocument(text: string): string {
  const plain = armoured.reduce((rest, shape) => rest.replace(shape, redacted), text);
  return plain.split("\n").map(redactText).join("\n");
}
