import { randomBytes } from "node:crypto";
import type { AcknowledgedOrder } from "./acknowledged";
import type { LoadPlan } from "./options";

type Order = Omit<AcknowledgedOrder, "id">;

export interface ShopRequest {
  method: "GET" | "POST";
  path: string;
  /** What a POST places. */
  order?: Order;
}

const items = ["tea", "coffee", "mug"];
const customersPerRun = 1000;
const largestQuantity = 100;
const ordersKept = 200;

/**
 * The n-th order of a run. No two of the first 300,000 are the same, nor are those of two runs, so an order that is
 * stored twice shows.
 */
function nthOrder(run: string, n: number): Order {
  const round = Math.floor(n / (customersPerRun * items.length));
  return {
    customer: `customer-${run}-${n % customersPerRun}`,
    item: items[n % items.length] ?? "tea",
    quantity: 1 + ((n + round) % largestQuantity),
  };
}

/** Makes the requests of one customer after another: lists products, places orders, looks at placed orders. */
export class Customers {
  readonly #writes: number;
  readonly #readBacks: number;
  readonly #random: () => number;
  readonly #run = randomBytes(4).toString("hex");
  readonly #orders: string[] = [];
  #placed = 0;

  constructor(plan: Pick<LoadPlan, "writes" | "readBacks">, random: () => number = Math.random) {
    this.#writes = plan.writes;
    this.#readBacks = plan.readBacks;
    this.#random = random;
  }

  next(): ShopRequest {
    const draw = this.#random();
    if (draw < this.#writes) {
      return { method: "POST", path: "/orders", order: nthOrder(this.#run, this.#placed++) };
    }
    const id = this.#orders[Math.floor(this.#random() * this.#orders.length)];
    if (draw < this.#writes + this.#readBacks && id !== undefined) {
      return { method: "GET", path: `/orders/${encodeURIComponent(id)}` };
    }
    return { method: "GET", path: "/products" };
  }

  /**
   * The order that this answer acknowledges, if it does. It is remembered, so that later requests read it back, from
   * whichever version.
   */
  acknowledged({ order }: ShopRequest, status: number, body: string): AcknowledgedOrder | undefined {
    if (order === undefined || status !== 201) {
      return undefined;
    }
    const id = orderId(body);
    if (id !== undefined) {
      this.#remember(id);
    }
    return { id: id ?? null, ...order };
  }

  #remember(id: string): void {
    if (this.#orders.length < ordersKept) {
      this.#orders.push(id);
    } else {
      this.#orders[this.#placed % ordersKept] = id;
    }
  }
}

function orderId(body: string): string | undefined {
  try {
    const order: unknown = JSON.parse(body);
    if (typeof order === "object" && order !== null && "id" in order) {
      return typeof order.id === "string" || typeof order.id === "number" ? String(order.id) : undefined;
    }
  } catch {
    // An answer that is no JSON names no order.
  }
  return undefined;
}
