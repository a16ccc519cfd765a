import fc from "fast-check";
import { cookiePattern } from "../../rollout/cohorts";

describe("a cookie among others", () => {
  const cookieValue = fc.stringMatching(/^[!#-+\--:<-[\]-_a-~]{1,12}$/);
  const cookieName = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_|~-]{1,8}$/);
  const cookie = fc.record({ name: cookieName, value: cookieValue });
  const said = ({ name, value }: { name: string; value: string }) => `${name}=${value}`;

  test("is found exactly where it is one of them, whatever signs it has", () => {
    fc.assert(
      fc.property(cookie, fc.array(cookie, { maxLength: 4 }), (wanted, others) => {
        const pattern = new RegExp(cookiePattern(wanted));
        expect(pattern.test([...others, wanted].map(said).join("; "))).toBe(true);
        expect(pattern.test([wanted, ...others].map(said).join("; "))).toBe(true);
        const there = others.some((other) => said(other) === said(wanted));
        expect(pattern.test(others.map(said).join("; "))).toBe(there);
      }),
    );
  });

  test.each([
    "xregion=berlin",
    "region=berliner",
    "region=berlin2; a=b",
    "a=region=berlin",
    "region=b.rlin",
    "",
  ])("%s is another one", (header) => {
    expect(new RegExp(cookiePattern({ name: "region", value: "berlin" })).test(header)).toBe(false);
  });

  test.each([".*", "a|b", "(", "[a-z]+", "^$", "x{2}"])("%s stands for itself", (value) => {
    const pattern = new RegExp(cookiePattern({ name: "region", value }));
    expect(pattern.test(`region=${value}`)).toBe(true);
    expect(pattern.test("region=aab")).toBe(false);
  });
});
