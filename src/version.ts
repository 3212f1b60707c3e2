// What this build is. The values are put in at build time (`tools/build.ts`); a run from source says so.

declare const HEADCNI_VERSION: string | undefined;
declare const HEADCNI_COMMIT: string | undefined;

export const version = typeof HEADCNI_VERSION === "string" ? HEADCNI_VERSION : "0.0.0-source";
export const commit = typeof HEADCNI_COMMIT === "string" ? HEADCNI_COMMIT : "unknown";

/** One line: version, commit, runtime. */
export function versionLine(): string {
  return `headcni ${version} (commit ${commit}, bun ${Bun.version}, ${process.platform}/${process.arch})`;
}
