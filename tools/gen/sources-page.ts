// docs/reference/sources.md: the files of the chain, what their readers find, and the names they know.

import type { Reader } from "../../src/podcidr/readers/reader.ts";
import { podKeys, rangeNames, wordsOf } from "../../src/podcidr/readers/vocabulary.ts";
import { chainReaders, type SourceFile, sourceFiles } from "../../src/podcidr/sources.ts";
import { code, page, table } from "./markdown.ts";

const intro = `The files that level 3 of the [PodCIDR chain](../podcidr.md) asks, in this order; the first that says this node's CIDR
answers. \`{name}\` is the node's name, \`{confDir}\` the directory \`cni.confDir\`. Of a file that does not parse, the flags and
keys below that stand on lines of their own still count, each with a warning.`;

const readersIntro = `What each says, by meaning: the CIDR of this node, of the cluster, of its services, the length of a node's block. Lists and
ConfigMaps carry the other formats of their row; in a kubeconfig nothing is looked for; a document of any other kind says nothing.
\`headcni podcidr inspect\` knows all of these in any file, and guesses at others.`;

const namesIntro = `Flags count as \`--name=value\` and \`--name value\`, with \`_\` for \`-\`. A key is the same in any spelling: \`clusterCIDR\`,
\`cluster-cidr\`, \`cluster_cidr\`, \`CLUSTER_CIDR\`; the table has it in small letters without marks.`;

export function sourcesPage(): string {
  const sources = sourceFiles("{name}", "{confDir}");
  return page(
    "Source files",
    `${code("src/podcidr/sources.ts")} and ${code("src/podcidr/readers")}`,
    intro,
    table(["order", "file", "what may stand there"], sources.map(sourceRow)),
    "## What is read",
    readersIntro,
    table(["format", "node", "cluster", "service", "mask"], chainReaders().filter(findsAny).map(readerRow)),
    "## Names",
    namesIntro,
    table(["meaning", "flags", "keys"], nameRows()),
    `Of this node, or of the cluster where a service range stands beside it and no cluster range: ${podKeys.map(code).join(", ")}.`,
  );
}

function sourceRow({ path, kind, readers, command }: SourceFile, index: number): string[] {
  const order = String(index + 1);
  if (command !== undefined) return [order, command.title, "flags"];
  const rest = {
    file: "",
    command: "",
    "yaml-dir": "/*.yaml",
    "kubelet-dir": "/**/*.conf",
    "conflist-dir": ", every other CNI configuration, by name",
  }[kind];
  const shown = kind === "conflist-dir" ? `${code(path)}${rest}` : code(`${path}${rest}`);
  return [order, shown, readers.map(({ format }) => format).join("; ")];
}

function findsAny({ finds }: Reader): boolean {
  return Object.keys(finds).length > 0;
}

function readerRow({ format, finds }: Reader): string[] {
  return [format, finds.node ?? "", finds.cluster ?? "", finds.service ?? "", finds.mask ?? ""];
}

function nameRows(): string[][] {
  return rangeNames.map(({ meaning, family, flags, keys }) => [
    family === undefined ? meaning : `${meaning}, ${family === "ipv4" ? "IPv4" : "IPv6"}`,
    wordsOf(flags)
      .map((name) => code(`--${name}`))
      .join(", "),
    wordsOf(keys).map(code).join(", "),
  ]);
}
