import { classify } from "../../../local/load/outcome";

describe("what counts as a failed request", () => {
  const answer = (status: number, version?: string) => classify({ kind: "answer", status, version });

  test("an answer of the product is not failed, whatever it says", () => {
    expect(answer(200, "1.1.0")).toEqual({ kind: "answered", version: "1.1.0", status: 200, error: false });
    expect(answer(404, "1.1.0")).toMatchObject({ kind: "answered", error: false });
  });

  test("the product's own errors are counted apart, with the version that made them", () => {
    expect(answer(500, "1.2.0")).toEqual({ kind: "answered", version: "1.2.0", status: 500, error: true });
    expect(answer(501, "1.2.0")).toMatchObject({ kind: "answered", error: true });
  });

  test.each([502, 503, 504])("%i is failed, with or without the product's header", (status) => {
    expect(answer(status)).toMatchObject({ kind: "failed", status, reason: `HTTP ${status}` });
    expect(answer(status, "1.1.0")).toMatchObject({ kind: "failed", version: "1.1.0" });
  });

  test("an answer without the product's header is failed", () => {
    expect(answer(200)).toMatchObject({ kind: "failed", reason: "HTTP 200 without x-shop-version" });
    expect(answer(404)).toMatchObject({ kind: "failed" });
  });

  test("a transport error is failed and keeps its code", () => {
    expect(classify({ kind: "error", code: "ECONNRESET" })).toEqual({
      kind: "failed",
      status: null,
      version: null,
      reason: "ECONNRESET",
    });
  });
});
