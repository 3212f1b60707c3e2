// Keys and tokens in text and values that were written where none belongs: messages about a configuration show it to people, logs
// and tickets. What is known to be a secret is a `Secret`; this is for what only looks like one.

import { isJsonObject, type JsonValue } from "./json.ts";

const redacted = "[redacted]";

/** Names of keys whose value is a secret in every program's configuration. */
const secretName = /auth|key$|token|secret|passw|passphrase|credential/i;

/** A name of that kind with the value that follows it: `"apiKey": "…"`, `token=…`. */
const assigned =
  /((?:auth\w*|key|token|secret|passw\w*|passphrase|credentials?)["']?\s*[:=]\s*["']?)(?!(?:true|false|null)\b|\[redacted)[^\s"',;}\]…]+/gi;

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

/** How a name begins or ends whose value is a secret, in whatever program's file. */
const name = String.raw`(?:auth|key|token|secret|passw|passphrase|credential|cookie)[\w-]*`;
/** Between a name and its value, in JSON, in JSON within a text of JSON, in YAML, in an environment. */
const is = String.raw`\\*["']?\s*[:=]\s*`;
/** A name at the begin of a line, maybe of a comment, a list or a script. */
const begin = String.raw`^[ \t]*(?:[#;-]+[ \t]*)?(?:export[ \t]+)?["']?[\w.-]*${name}["']?[ \t]*[:=][ \t]*`;
/** What is no secret whatever its name. */
const plainValue = String.raw`(?:true|false|null)\b`;

/** Values of more than a word, by the name before them: lists, quoted texts, the rest of a line, and the lines below it. */
const values: readonly RegExp[] = [
  new RegExp(String.raw`(${name}${is})\[[^\]]*\]`, "gi"),
  new RegExp(String.raw`(${name}${is}\\*")(?:[^"\\]|\\(?!")[^"])*`, "gi"),
  new RegExp(`(${name}${is}')[^']*`, "gi"),
  new RegExp(String.raw`(${begin})(?!${plainValue}|["'{[]|[|>][-+\d]*[ \t]*$)\S.*`, "gim"),
];

/** A name with nothing or a mark of YAML behind it: its value are the lines that stand further in. */
const blocks = new RegExp(
  String.raw`(^([ \t]*(?:[#;]+[ \t]*)?)(?:-+[ \t]*)?["']?[\w.-]*${name}["']?[ \t]*:[ \t]*(?:[|>][-+\d]*)?[ \t]*\n)(?:(?:\2[ \t]+\S.*|[ \t]*[#;]?[ \t]*)(?:\n|$))+`,
  "gim",
);

/** Keys as programs keep them in files and print them: with their armour, as the word after a flag or a name, in base64. */
const armoured: readonly RegExp[] = [
  /-----BEGIN [^-\n]+-----[\s\S]*?(?:-----END [^-\n]+-----|$)/g,
  /(?<=--?[\w-]*(?:token|key|secret|passw\w*|auth)[\w-]*\s+)[^\s-]\S*/gi,
  /(?<=\b(?:password|passwd|passphrase)[ \t]+)\S+/gi,
  /(?<=\b[\w-]*(?:-data|-hash|token|secret|passw\w*)["']?\s*[:=]\s*["']?)(?!\[redacted)[^\s"',;}\]]+/gi,
  /[A-Za-z0-9+/_=-]{40,}/g,
];

/**
 * A whole file, or what a program printed, for somebody else's eyes: more is taken out than of a message, also what only could be a key.
 * Names of networks, addresses and versions stay.
 */
export function redactDocument(text: string): string {
  const whole = text.replace(blocks, `$1$2  ${redacted}\n`);
  const named = values.reduce((rest, shape) => rest.replace(shape, `$1${redacted}`), whole);
  const plain = armoured.reduce((rest, shape) => rest.replace(shape, redacted), named);
  return plain.split("\n").map(redactText).join("\n");
}
