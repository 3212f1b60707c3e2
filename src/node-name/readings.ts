// What the places of a node's name are read from, and what each then says. Pure: the node comes as functions that read a little of it.

import type { Settings } from "../programs/program-settings.ts";
import type { RancherName } from "../programs/services.ts";
import type { Result } from "../sys/result.ts";
import type { CertificateFacts } from "./der.ts";
import type { Believer } from "./node-name-answer.ts";

/** A value and its place; without a file it is no file's. */
export interface Written {
  readonly value: string;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
}

/** What a program of the node was told, as it puts that together itself. */
export type ProgramSettings = Pick<Settings, "one" | "passedOn">;

/** What the places are read from, each when it is asked for. */
export interface NodeReadings {
  readonly flag: string | undefined;
  readonly env: string | undefined;
  readonly config: Written | undefined;
  readonly settings: (program: RancherName | "kubelet") => ProgramSettings;
  /** A file's text; undefined when it is not there. Faults are ends of sentences that begin with the path. */
  readonly text: (path: string) => Result<string | undefined>;
  readonly certificate: (path: string) => Result<CertificateFacts | undefined>;
  /** The kernel's host name, of the machine this process runs on. */
  readonly kernelName: () => string | undefined;
  /** Whether that machine is the node, and no directory plays it. */
  readonly isThisMachine: boolean;
  readonly nowMs: number;
}

export type PlaceReading =
  | { readonly kind: "said"; readonly written: Written }
  | { readonly kind: "absent"; readonly reason: string; readonly file?: string | undefined }
  | {
      readonly kind: "skipped";
      readonly reason: string;
      readonly file?: string | undefined;
      readonly line?: number | undefined;
      /** Whether another name may well be the node's because of it. */
      readonly isDoubtful: boolean;
    };

export interface Place {
  readonly source: string;
  readonly by: Believer;
  /** Where it stands, for the documentation. */
  readonly where: string;
  readonly read: (node: NodeReadings) => PlaceReading;
}

export function given(text: string | undefined): PlaceReading {
  if (text === undefined) return { kind: "absent", reason: "is not set" };
  return said({ value: text }, "is not set");
}

export function said(written: Written | undefined, otherwise: string): PlaceReading {
  if (written === undefined) return { kind: "absent", reason: otherwise };
  if (written.value.trim() === "") return { kind: "absent", reason: "is set but empty", file: written.file };
  return { kind: "said", written };
}

export function doubtful(reason: string, { file, line }: Omit<Written, "value">): PlaceReading {
  return { kind: "skipped", reason, file, line, isDoubtful: true };
}

/** A path that needs nothing put in. */
export function pathOf(written: Written | undefined): string | undefined {
  return written !== undefined && /^\/[^$%]+$/.test(written.value) ? written.value : undefined;
}
