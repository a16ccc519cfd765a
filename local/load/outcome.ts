/** Answers without this header did not come from the product. */
export const versionHeader = "x-shop-version";

/** What became of one request: an answer, or the transport's error code. */
export type Result =
  | { kind: "answer"; status: number; version: string | undefined }
  | { kind: "error"; code: string };

export type Outcome =
  /** The product answered; `error` is true for its own errors (5xx other than the gateway's). */
  | { kind: "answered"; version: string; status: number; error: boolean }
  /** The request got lost on the way: users would blame the rollout, not the release. */
  | { kind: "failed"; status: number | null; version: string | null; reason: string };

const gatewayErrors = new Set([502, 503, 504]);

/**
 * Failed is what a rollout must never cause: a transport error, 502, 503, 504, or an answer that is not the
 * product's. Other errors belong to the release that answered and are counted per version.
 */
export function classify(result: Result): Outcome {
  if (result.kind === "error") {
    return { kind: "failed", status: null, version: null, reason: result.code };
  }
  const { status, version } = result;
  if (gatewayErrors.has(status)) {
    return { kind: "failed", status, version: version ?? null, reason: `HTTP ${status}` };
  }
  if (version === undefined) {
    return { kind: "failed", status, version: null, reason: `HTTP ${status} without ${versionHeader}` };
  }
  return { kind: "answered", version, status, error: status >= 500 };
}
