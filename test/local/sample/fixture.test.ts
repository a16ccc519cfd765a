import { readFileSync } from "node:fs";
import { contractedOrders, expandedOrders, switchedOrders } from "../../../local/sample/shop/customers";
import { checkFixture } from "../../../local/sample/shop/fixture";
import { notedOrders, plainOrders } from "../../../local/sample/shop/orders";
import { Programs } from "./programs";

const fixture = (name: string) => readFileSync(`compat/fixtures/${name}.json`, "utf8");
const orders = (change: object) =>
  JSON.stringify({ orders: [{ ...JSON.parse(fixture("schema-2")).orders[0], ...change }] });

describe("the sample reads the orders of other releases", () => {
  it.each(["schema-1", "schema-2", "schema-3"])(
    "%s: versions that know names do, columns they do not know are no trouble",
    (name) => {
      for (const book of [plainOrders, notedOrders, expandedOrders]) {
        expect(checkFixture(fixture(name), book)).toEqual({ readable: true, failedChecks: [] });
      }
    },
  );

  it.each(["schema-3", "schema-4"])(
    "%s: versions that know numbers do, with or without the names",
    (name) => {
      for (const book of [switchedOrders, contractedOrders]) {
        expect(checkFixture(fixture(name), book)).toEqual({ readable: true, failedChecks: [] });
      }
    },
  );

  it("names that are gone, and numbers that are not there yet, are named", () => {
    expect(checkFixture(fixture("schema-4"), expandedOrders).failedChecks).toEqual(["orders.customer"]);
    expect(checkFixture(fixture("schema-2"), switchedOrders).failedChecks).toEqual([
      "format",
      "orders.customer_id",
    ]);
  });

  it("a number that leads to no customer is named", () => {
    const { orders } = JSON.parse(fixture("schema-4"));
    const text = JSON.stringify({ orders, customers: [{ id: 1, name: "ada" }] });
    expect(checkFixture(text, contractedOrders).failedChecks).toEqual(["orders.customer_id"]);
  });

  it("a broken file is named column by column", () => {
    for (const book of [plainOrders, notedOrders, expandedOrders, switchedOrders, contractedOrders]) {
      const answer = { readable: false, failedChecks: ["orders.quantity", "orders.status"] };
      expect(checkFixture(fixture("broken"), book)).toEqual(answer);
    }
  });

  it("a note that is wrong matters only to the version that reads notes", () => {
    const text = orders({ note: "x".repeat(201) });
    expect(checkFixture(text, plainOrders).failedChecks).toEqual([]);
    expect(checkFixture(text, notedOrders).failedChecks).toEqual(["orders.note"]);
  });

  it.each([
    ["a shipped order without its time", orders({ status: "shipped" }), ["orders.shipped_at"]],
    ["a column that is gone", orders({ customer: undefined }), ["orders.customer"]],
    ["no orders", '{"orders": []}', ["format"]],
    ["something else", '{"products": []}', ["format"]],
    ["no JSON", "orders", ["format"]],
  ])("%s", (_, text, failedChecks) => {
    expect(checkFixture(text, notedOrders)).toEqual({ readable: false, failedChecks });
  });
});

describe("the API's program", () => {
  const programs = new Programs();
  afterAll(() => programs.remove());

  it("answers for a file without a database, as its last line", async () => {
    const { code, output } = await programs.run(
      "shop-api:1.1.0",
      ["read-fixture", "compat/fixtures/broken.json"],
      {},
    );
    expect(code).toBe(0);
    expect(JSON.parse(output.trim())).toEqual({
      readable: false,
      failedChecks: ["orders.quantity", "orders.status"],
    });
  });

  it.each([
    ["that is not there", ["read-fixture", "nowhere.json"], /cannot read nowhere\.json/],
    ["that is not named", ["read-fixture"], /usage: api\.js read-fixture <file>/],
  ])("refuses a file %s", async (_, args, expected) => {
    const { code, output } = await programs.run("shop-api:1.0.0", args, {});
    expect(code).toBe(2);
    expect(output).toMatch(expected);
  });
});
