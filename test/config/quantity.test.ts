import * as fc from "fast-check";
import { thousandths } from "../../config/schemas/quantity";

describe("an amount", () => {
  test.each([
    ["100m", 100],
    ["0.1", 100],
    ["2", 2000],
    ["+2", 2000],
    ["1.", 1000],
    ["1500u", 2],
    ["1n", 1],
    ["0", 0],
    ["1k", 1_000_000],
    ["1e3", 1_000_000],
    ["1E3", 1_000_000],
    ["25e-1", 2500],
    ["1E", 1e21],
    ["128Mi", 128 * 2 ** 20 * 1000],
    ["1.5Gi", 1.5 * 2 ** 30 * 1000],
  ])("%s is %i thousandths", (text, expected) => {
    expect(thousandths(text)).toBe(expected);
  });

  test.each(["", "m", "-1", "1 Gi", "1mi", "0x10", "1e3m", "many", ".5"])("%j is none", (text) => {
    expect(thousandths(text)).toBeNull();
  });

  test("adds up without rounding", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 0, max: 1e6 }), (left, right) => {
        const sum = (thousandths(`${left}m`) ?? 0) + (thousandths(`${right}m`) ?? 0);
        expect(sum).toBe(thousandths(`${left + right}m`));
      }),
    );
  });
});
