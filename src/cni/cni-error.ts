// Errors as the CNI specification wants them: a number from its table, a sentence, details. They leave the plugin as JSON on
// standard output and nowhere else, which is why they are not HeadcniErrors with an HC_ code.

import type { JsonObject } from "../sys/json.ts";

/** The specification's codes that this plugin uses; below 100 they are the specification's own. */
export const cniCodes = {
  incompatibleVersion: 1,
  unknownContainer: 3,
  badEnvironment: 4,
  ioFailure: 5,
  cannotDecode: 6,
  invalidConfig: 7,
  invalidNamespace: 8,
  tryAgainLater: 11,
  notAvailable: 50,
  limitedConnectivity: 51,
  internal: 999,
} as const;

export type CniCode = (typeof cniCodes)[keyof typeof cniCodes];

/** A call that failed, as the runtime reads it. */
export class CniError extends Error {
  override readonly name = "CniError";
  readonly cniCode: CniCode;
  /** What else helps: the remedy, or what a program printed. */
  readonly details: string | undefined;

  constructor(cniCode: CniCode, message: string, details?: string) {
    super(message);
    this.cniCode = cniCode;
    this.details = details;
  }
}

/** The JSON form. @param cniVersion the version the caller speaks, or our newest when that is unknown */
export function errorJson(error: CniError, cniVersion: string): JsonObject {
  return { cniVersion, code: error.cniCode, msg: error.message, details: error.details };
}
