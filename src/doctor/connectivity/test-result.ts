// What a test of the connectivity came to.
// An interface: it is printed with -o json.

export type TestResult = {
  readonly outcome: "ok" | "failed" | "not-checked";
  /** What was found, or why it was not checked. */
  readonly detail: string;
};

export function failed(detail: string): TestResult {
  return { outcome: "failed", detail };
}

export function left(detail: string): TestResult {
  return { outcome: "not-checked", detail };
}
