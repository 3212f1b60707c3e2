// docs/reference/config.md: the file, where values come from, and every key.

import * as YAML from "yaml";
import { defaultConfig, defaultConfigFile } from "../../src/config/defaults.ts";
import { toInput, valueAt } from "../../src/config/explain.ts";
import { type ConfigKey, configJsonSchema, configKeys, configSections } from "../../src/config/keys.ts";
import { configSchema } from "../../src/config/schema.ts";
import { isJsonObject, type JsonObject } from "../../src/sys/json.ts";
import { block, code, page, table } from "./markdown.ts";

const intro = `
HeadCNI needs no configuration: without a file every key has its default and the node's PodCIDR is found in the files
Kubernetes left on it. \`headcni config explain\` shows every value in force on a node and where it came from,
\`headcni config validate\` checks a file, and [config.schema.json](config.schema.json) lets an editor do so (put
\`# yaml-language-server: $schema=…\` on the first line). The Helm chart takes the same keys under \`config:\`.
Keys and tokens have no place in it: messages and \`config explain\` show what looks like one, and what stands under a name like
\`authKey\` or \`password\`, as \`[redacted]\`, and of a key that is unknown never the value.`;

const sources = `
## Where values come from

The first that says something wins, for each key by itself:

1. a flag of the command (\`--node-name\`)
2. the key's environment variable: \`HEADCNI_\` and the key in capitals with \`_\` for \`.\`
3. the configuration file: the one \`--config\` names, else the one \`HEADCNI_CONFIG\` names, else \`${defaultConfigFile}\`
4. the default

A file that \`--config\` or \`HEADCNI_CONFIG\` names must exist; the one at the default path need not. With \`--root\` the path
is looked for under the root first, then as it was given; the default path under the root only. Where a file at the same path
lies outside of the root and is not read, a warning and the condition \`ConfigPassedOver\` name both.

- The file is one YAML document in UTF-8, at most 1 MiB. Anchors and merge keys (\`<<\`) work. A key that stands twice, a
  second document and an unknown key are errors; everything that is wrong is listed at once, with file, line and remedy.
- **Unset and empty differ.** A key without a value (\`mtu:\`, \`mtu: null\`) is unset: the default holds. An empty text or
  variable is a value: for ${emptyKeys()} it means "none", also over what the file says; anywhere else it is an error.
- In the environment, lists and maps are written as JSON (\`HEADCNI_CNI_PLUGINS='[{"type":"portmap"}]'\`); a list of CIDRs can
  be written with commas.
- A variable that is nearly one of these (\`HEADCNI_NETWORK_MTUU\`) gets a warning. Others that begin with \`HEADCNI_\` are left be:
  Kubernetes sets some for a Service named \`headcni\`.

\`NODE_POD_CIDR\` is not one of these variables: it is the second source of the node's PodCIDR, after \`network.podCIDR.nodeLocal\`.`;

export function configPage(): string {
  const schema = configJsonSchema();
  const overview = table(
    ["key", "takes", "default"],
    configKeys.map(({ key, path }) => [`[\`${key}\`](#${anchor(key)})`, takes(nodeAt(schema, path)), defaultOf(path)]),
  );
  const details = configSections.slice(1).flatMap((section) => {
    const keys = configKeys.filter(({ path }) => path.slice(0, -1).join(".") === section.join("."));
    return [
      `## ${section.join(".")}`,
      String(nodeAt(schema, section).description),
      ...keys.map((key) => keySection(schema, key)),
    ];
  });
  const top = configKeys.filter(({ path }) => path.length === 1).map((key) => keySection(schema, key));
  return page(
    "Configuration",
    code("src/config/schema.ts"),
    intro,
    example(),
    sources,
    "## All keys",
    overview,
    ...top,
    ...details,
  );
}

/** A file with every default, as a start for an operator's own. */
function example(): string {
  const text = YAML.stringify(JSON.parse(JSON.stringify(toInput(defaultConfig))), { lineWidth: 0 });
  return `Every key that has a default, with it:\n\n${block("yaml", text)}`;
}

function keySection(schema: JsonObject, { key, path, variable, description, examples }: ConfigKey): string {
  const facts = [
    `- takes: ${takes(nodeAt(schema, path))}`,
    `- default: ${defaultOf(path)}`,
    `- environment: ${code(variable)}`,
    `- written: ${examples.map((value) => code(inline(key, value))).join(", ")}`,
  ];
  return `### ${key}\n\n${description}\n\n${facts.join("\n")}`;
}

function inline(key: string, value: unknown): string {
  const name = key.slice(key.lastIndexOf(".") + 1);
  const text = YAML.stringify(value, { collectionStyle: "flow", lineWidth: 0, flowCollectionPadding: false });
  return `${name}: ${text.trim()}`;
}

function defaultOf(path: readonly string[]): string {
  const value = valueAt(toInput(defaultConfig), path);
  if (value === undefined || value === "" || (Array.isArray(value) && value.length === 0)) return "none";
  return code(typeof value === "string" ? value : JSON.stringify(value));
}

/** The kinds of value a key takes, as a phrase. */
function takes(schema: JsonObject): string {
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => code(String(value))).join(", ");
  if (Array.isArray(schema.anyOf)) {
    const kinds = schema.anyOf.filter(isJsonObject).flatMap((option) => takes(option).split(" or "));
    return [...new Set(kinds)].filter((kind) => kind !== "").join(" or ");
  }
  switch (schema.type) {
    case "integer":
      return typeof schema.maximum === "number" && schema.maximum < Number.MAX_SAFE_INTEGER
        ? `a number from ${schema.minimum} to ${schema.maximum}`
        : "a number";
    case "string":
      return "const" in schema ? "" : "text";
    case "boolean":
      return "`true`, `false`";
    case "array":
      return "a list";
    default:
      return "a map";
  }
}

function nodeAt(schema: JsonObject, path: readonly string[]): JsonObject {
  let node = schema;
  for (const name of path) {
    const next = isJsonObject(node.properties) ? node.properties[name] : undefined;
    if (!isJsonObject(next)) throw new Error(`The schema has no ${path.join(".")}`);
    node = next;
  }
  return node;
}

function anchor(key: string): string {
  return key.toLowerCase().replaceAll(".", "");
}

/** The keys that take an empty text. */
function emptyKeys(): string {
  const withEmpty = (path: readonly string[]): unknown =>
    path.reduceRight<unknown>((inner, name) => ({ [name]: inner }), "");
  return configKeys
    .filter(({ path }) => configSchema.safeParse(withEmpty(path)).success)
    .map(({ key }) => code(key))
    .join(", ");
}
