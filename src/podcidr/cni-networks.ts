// The networks of CNI configurations beside the ranges themselves: those that are not this node's own, and the bridges of its pods. Pure.

import type { Source } from "./read-sources.ts";
import type { Statement } from "./statements.ts";
import { readValue } from "./usable.ts";
import type { ForeignRange } from "./validation/surroundings.ts";

export interface CniNetworks {
  readonly foreign: readonly ForeignRange[];
  /** Bridges that carry what this node gives its pods. */
  readonly podDevices: readonly string[];
}

export function cniNetworks(sources: readonly Source[]): CniNetworks {
  const said = sources.flatMap((source) =>
    source.kind === "read" ? source.reading.statements.list.map((statement) => ({ file: source.file, statement })) : [],
  );
  return {
    foreign: said.flatMap(({ file, statement }) => foreignRanges(statement, file)),
    podDevices: said.flatMap(({ statement: { foreign, device } }) =>
      foreign === undefined && device !== undefined ? [device] : [],
    ),
  };
}

function foreignRanges({ foreign, values }: Statement, file: string): readonly ForeignRange[] {
  if (foreign === undefined) return [];
  const { whose, why } = foreign;
  return values.flatMap(({ text, line }) => {
    const reading = readValue(text);
    if (reading.kind !== "prefix" || reading.prefix.bits === 0) return [];
    return [{ range: reading.prefix.masked(), whose, why, file, line }];
  });
}
